import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { lintPage, PAGE } from "./page.ts";

test("docs/lint.md is what the rules say (node packages/tenancy/src/lint/page.ts writes it)", () => {
  expect(readFileSync(PAGE, "utf8")).toBe(lintPage());
});
