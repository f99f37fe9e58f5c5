import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { defineMove, type MoveDeclaration } from "./define.ts";
import { loadMove } from "./load.ts";

function config(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "rehome-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "rehome.config.ts");
  writeFileSync(file, text);
  return file;
}

test.each([
  ["it does not parse", "export default {", /cannot be loaded: .*'}' expected|cannot be loaded: /],
  ["it imports what is not there", 'import "./nowhere.ts";', /cannot be loaded: Cannot find module/],
  ["it throws while it loads", 'throw new RangeError("sk_live_marker");', /cannot be loaded: it throws RangeError\.$/],
  [
    "its function throws",
    'export default () => {\n  JSON.parse("sk_live_marker");\n};',
    /rehome\.config\.ts throws SyntaxError in line 2\.$/,
  ],
  ["its function throws nothing useful", 'export default () => { throw "sk_live_marker"; };', /rehome\.config\.ts throws something\.$/],
  ["it exports no move", "export default { name: 'x' };", /has no default export made by defineMove\(\)/],
])("a config that cannot be used: %s", async (_, text, says) => {
  const error = await loadMove(config(text)).catch((thrown) => thrown);

  expect(error).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringMatching(says), next: expect.stringMatching(/./) });
  expect(`${error.message} ${error.next}`).not.toContain("sk_live_marker");
});

test("every field that is wrong is named at once, and no value is repeated", () => {
  const wrong = {
    name: "",
    legacy: { database: "mysql://root:marker@db/x", clerk: { secretKey: 7, exports: [7] } },
    tabels: {},
    users: { roles: ["user"], accept: "marker" },
  } as unknown as MoveDeclaration;
  const error = (() => {
    try {
      return defineMove(wrong);
    } catch (thrown) {
      return thrown as Error;
    }
  })();
  expect(error).toMatchObject({ code: "CONFIG_INVALID", next: "Correct these fields and run the command again." });
  const message = (error as Error).message;
  for (const part of [
    "legacy.database is not a postgresql:// URL",
    "legacy.clerk.secretKey is missing or not of type string",
    "legacy.clerk.exports",
    "unknown field tabels",
    "users.accept is missing or not of type array",
    "tables is missing",
    "target is missing",
  ])
    expect(message).toContain(part);
  expect(message).not.toContain("marker");
});
