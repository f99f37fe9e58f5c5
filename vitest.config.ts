import { defineConfig } from "vitest/config";
import LongFirst from "./tools/long-first.ts";

export default defineConfig({
  test: {
    include: ["packages/**/*.test.ts", "apps/**/*.test.ts", "bench/**/*.test.ts", "tools/**/*.test.ts"],
    globalSetup: ["tools/test-server.ts"],
    reporters: ["default", "./tools/closing-line.ts", "./tools/still-running.ts"],
    env: { CLERK_TELEMETRY_DISABLED: "1" },
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    // A worker keeps its modules from file to file: importing drizzle-orm alone takes a second, which sixty files would pay. No test changes a module.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
