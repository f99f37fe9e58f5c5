import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

const ROOT = resolve(import.meta.dirname, "../../..");

// What needs PgBouncer, apart from `npm test`, which must pass on a machine without it.
export default defineConfig({
  root: ROOT,
  test: {
    include: ["packages/tenancy/pooler/**/*.pooler.ts"],
    globalSetup: [resolve(import.meta.dirname, "needs-pgbouncer.ts"), resolve(ROOT, "tools/test-server.ts")],
    reporters: ["default", resolve(ROOT, "tools/closing-line.ts")],
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
