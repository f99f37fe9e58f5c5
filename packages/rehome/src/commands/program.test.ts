import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { runProgram } from "./program.ts";

/** Runs a command line in this process. */
async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: "", stderr: "" };
  const listen = (stream: "stdout" | "stderr") =>
    vi.spyOn(process[stream], "write").mockImplementation((text) => {
      said[stream] += String(text);
      return true;
    });
  const spies = [listen("stdout"), listen("stderr")];
  try {
    return { code: await runProgram(args), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = 0;
  }
}

test.each([
  [["--json"], "Unknown option '--json'.", "Run `rehome --help`"],
  [["plan", "--nope", "--json"], "Unknown option '--nope'.", "Run `rehome plan --help`"],
  [["plna", "--json"], "Unknown command 'plna' (Did you mean plan?).", "Run `rehome --help`"],
  [["report", "--json", "--out"], "Option '--out <file>' argument missing.", "Run `rehome report --help`"],
  [["status", "now", "--json"], "Too many arguments for 'status'. Expected 0 arguments but got 1: now.", "Run `rehome status --help`"],
])("wrong usage %j: exit 2, one line, and one document for --json", async (args, message, next) => {
  const { code, stdout, stderr } = await run(...args);

  expect(code).toBe(2);
  expect(stderr).toMatch(/^Error: .*\nNext: {2}.*\n$/);
  expect(JSON.parse(stdout)).toEqual({ ok: false, error: { code: "USAGE", message }, next_step: expect.stringContaining(next) });
});

test("no verb: help on stderr, exit 2", async () => {
  const { code, stdout, stderr } = await run();
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^Usage: rehome/);
  expect(stderr).toContain("Error: No verb was given.");
});

test("an error that nobody foresaw tells its kind and place, and not its message: that may quote a row or a key", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rehome-program-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "rehome.config.ts");
  writeFileSync(file, 'export default { tables: {}, get legacy() { throw new RangeError("ana@x.test takes 40mg"); } };');

  const { code, stdout, stderr } = await run("plan", "--json", "--config", file);

  expect(code).toBe(1);
  expect(stderr).toMatch(/^Error: Unexpected: RangeError\n\s+at /);
  expect(stderr + stdout).not.toMatch(/ana@x\.test|40mg/);
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: "UNEXPECTED" }, next_step: expect.stringMatching(/./) });
});
