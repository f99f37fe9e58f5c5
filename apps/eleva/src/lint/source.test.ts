import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { lintSource } from "@rehome/tenancy";
import { expect, test } from "vitest";
import options from "../../tenancy.config.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("no code of Eleva sets an identity by hand or opens the database past the client, but where tenancy.config.ts says why", () => {
  expect(options.source.folders).toContain("src");
  expect(lintSource(options, root)).toEqual([]);
});

test("without what is allowed it does: each entry stands for something that is there, in no file of statements", () => {
  const found = lintSource({ source: { folders: ["src/product", "src/schema"] } }, root);
  expect([...new Set(found.map(({ object }) => object))].sort()).toEqual([
    "src/product/run-writes.ts",
    "src/product/testing/moved-world.ts",
    "src/schema/apply.ts",
  ]);
});

test("the product's two pools stand where createTenancy gets them", () => {
  const text = readFileSync(new URL("../product/run-writes.ts", import.meta.url), "utf8");
  expect(text.match(/new pg\.Pool/g)).toHaveLength(2);
  expect(text).toContain("createTenancy({ pool: people, workers: worker })");
});
