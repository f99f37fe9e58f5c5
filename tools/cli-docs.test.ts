import { expect, test } from "vitest";
import { cliDocs, cliDocsAsWritten } from "./cli-docs.ts";

test("docs/cli.md says what --help says", () => {
  expect(cliDocsAsWritten(), "run `node tools/cli-docs.ts`").toBe(cliDocs());
});

test("every verb shows an example", () => {
  const verbs = cliDocs().split("\n## rehome ").slice(1);
  expect(verbs).toHaveLength(12);
  for (const verb of verbs) expect(verb).toContain(`\nExample:\n  $ rehome ${verb.split("\n")[0]}`);
});
