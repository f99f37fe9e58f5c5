import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import ordinary from "../../vitest.config.ts";

const ROOT = resolve(import.meta.dirname, "../..");

// The test files that do more when they are told to: each reads one of these variables.
const DRAWS_A_SAMPLE = /REHOME_(LONG|SEEDS)\b/;
const files = globSync(["packages/**/*.test.ts", "apps/**/*.test.ts"], { cwd: ROOT, exclude: (name) => name.includes("node_modules") });

export default defineConfig({
  root: ROOT,
  test: {
    ...ordinary.test,
    include: files.filter((file) => DRAWS_A_SAMPLE.test(readFileSync(resolve(ROOT, file), "utf8"))),
    env: { ...ordinary.test?.env, REHOME_LONG: "1", REHOME_SEEDS: process.env["REHOME_SEEDS"] ?? "5" },
  },
});
