import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { exampleDatabase } from "../../example/testing/example-database.ts";
import { type CleanDatabase, cleanDatabase } from "../lint/testing/clean-database.ts";
import { buildProgram, runProgram } from "./program.ts";

let clean: CleanDatabase;
let folder: string;
let out = "";
let err = "";

beforeAll(async () => {
  clean = await cleanDatabase();
  folder = mkdtempSync(join(tmpdir(), "tenancy-cli-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await clean.drop();
});
beforeEach(() => {
  out = "";
  err = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    err += text;
    return true;
  });
  vi.stubEnv("DATABASE_URL", "");
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = 0;
});

let files = 0;
function config(text: string): string {
  const file = join(folder, `tenancy-${files++}.config.ts`);
  writeFileSync(file, text);
  return file;
}
const cleanConfig = (more: object = {}) => config(`export default ${JSON.stringify({ ...clean.options, ...more })};`);
const onClean = (...args: string[]) => runProgram([...args, "--database", clean.url]);

describe("lint", () => {
  test("is 0 and says so when nothing is found", async () => {
    expect(await onClean("lint", "--config", cleanConfig())).toBe(0);
    expect(out).toBe("Clean: no findings.\n");
    expect(err).toBe("");
  });

  test("is 3 when something is found, 0 when it is below --level, and the database may come from the environment", async () => {
    vi.stubEnv("DATABASE_URL", clean.url);
    await clean.client.query("create index twice on public.note (author_id)");
    const file = cleanConfig();
    expect(await runProgram(["lint", "--config", file])).toBe(3);
    expect(out).toMatch(/^warn {3}duplicate-index {2}public\.note index twice/);
    expect(out).toContain("drop index public.twice;\n");
    expect(await runProgram(["lint", "--config", file, "--level", "error"])).toBe(0);

    const accept = [{ rule: "duplicate-index", object: "public.note index twice", reason: "A test." }];
    expect(await runProgram(["lint", "--config", cleanConfig({ accept })])).toBe(0);

    out = "";
    await runProgram(["lint", "--config", file, "--format", "json"]);
    expect(JSON.parse(out)).toMatchObject({ ok: false, counts: { warn: 1 } });
    out = "";
    await runProgram(["lint", "--config", file, "--format", "sarif"]);
    expect(JSON.parse(out)).toMatchObject({ version: "2.1.0", runs: [{ results: [{ ruleId: "duplicate-index" }] }] });
    await clean.client.query("drop index public.twice");
  });
});

describe("lint --source needs no database", () => {
  const source = (allow: object[] = []) => config(`export default ${JSON.stringify({ source: { folders: ["shop"], allow } })};`);
  beforeAll(() => {
    for (const name of ["shop", "other"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "shop", "db.ts"), "\nconst marker = new pg.Pool();");
    writeFileSync(join(folder, "other", "page.ts"), "export const page = 1;");
  });

  test("is 3 with what it found in the config's folders, 0 when that is allowed", async () => {
    expect([await runProgram(["lint", "--source", "--config", source()]), err]).toEqual([3, ""]);
    expect(out).toMatch(/^error {2}source-opens-database {2}shop\/db\.ts {2}line 2: new Pool\n/);
    expect(out).not.toContain("marker");
    out = "";
    const allowed = source([{ rule: "source-opens-database", object: "shop/*", reason: "A test." }]);
    expect(await runProgram(["lint", "--source", "--config", allowed])).toBe(0);
    expect(out).toBe("Clean: no findings.\n");
  });

  test("looks into other folders when they are named, and SARIF shows the line", async () => {
    expect(await runProgram(["lint", "--source", join(folder, "other"), "--config", source()])).toBe(0);
    out = "";
    const places = [join(folder, "other"), join(folder, "shop")];
    expect(await runProgram(["lint", "--format", "sarif", "--config", config("export default {};"), "--source", ...places])).toBe(3);
    const [{ physicalLocation }] = JSON.parse(out).runs[0].results[0].locations;
    expect(resolve(physicalLocation.artifactLocation.uri)).toBe(join(folder, "shop", "db.ts"));
    expect(physicalLocation.region.startLine).toBe(2);
  });

  test("is 2 when no folder is named anywhere", async () => {
    expect(await runProgram(["lint", "--source", "--config", config("export default {};")])).toBe(2);
    expect(err).toContain("No folder of source was named.");
  });
});

test("doctor is 3 and names what to do while there is no issuer", async () => {
  expect(await onClean("doctor", "--config", cleanConfig())).toBe(3);
  expect(out).toMatch(/^ok {4}roles /);
  expect(out).toMatch(/\nBAD {3}issuers +no issuer is enabled/);
  expect(out).toMatch(/\nTo do:\n(.*\n)* {2}issuers +call addIssuer/);
  out = "";
  await onClean("doctor", "--config", cleanConfig(), "--json");
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    checks: expect.arrayContaining([expect.objectContaining({ name: "issuers", state: "bad" })]),
  });
});

test("doctor compares the policies with what the config file declares, and says so when it does not", async () => {
  const example = await exampleDatabase();
  const module = JSON.stringify(fileURLToPath(new URL("../../example/schema.ts", import.meta.url)));
  const declaring = config(`import * as schema from ${module}; export const declared = { schema };`);
  const onExample = (file: string) => runProgram(["doctor", "--config", file, "--database", example.url]);
  try {
    await example.client.query("drop policy tasks_select_own_org on tasks");
    expect(await onExample(declaring)).toBe(3);
    expect(out).toMatch(/\nBAD {3}policies +tasks: policy tasks_select_own_org is missing\n/);
    expect(out).toMatch(/\n {2}policies +call afterMigration\(client, { schema, … }\)/);
    out = "";
    await onExample(config("export default {}"));
    expect(out).not.toContain("policies ");
    expect(await onExample(config("export const declared = {}"))).toBe(2);
    expect(err).toContain("`declared` has no schema");
  } finally {
    await example.drop();
  }
});

describe("hunt", () => {
  const huntConfig = (read: string) =>
    config(`export const hunt = async () => ({
      kinds: ["anonymous"],
      tables: ["payout"],
      personas: [{ name: "anonymous", kind: "anonymous", role: "${clean.named("{anon}")}", userId: null, orgId: null }],
      oracle: { rules: () => (${read}) },
    });`);

  test("is 0 when nobody reaches more or less than the oracle says, 3 when somebody does", async () => {
    await clean.client.query(
      "insert into public.organizations values ('org_a', 'A'); insert into public.payout (org_id, amount) values ('org_a', 7)",
    );

    const page = join(folder, "matrix.html");
    expect([await onClean("hunt", "--config", huntConfig("{}"), "--html", page), err]).toEqual([0, ""]);
    expect(out).toContain("payout");
    expect(out).not.toContain("Findings");
    expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>[\s\S]*payout/i);
    expect(await onClean("hunt", "--config", huntConfig("{}"), "--html", join(folder, "gone", "matrix.html"))).toBe(2);

    out = "";
    expect(await onClean("hunt", "--config", huntConfig("{ payout: { read: { rows: () => true } } }"), "--json")).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      holds: false,
      findings: expect.arrayContaining([expect.objectContaining({ table: "payout", verb: "select" })]),
    });
  });

  test("needs a config that says who may do what", async () => {
    expect(await onClean("hunt", "--config", cleanConfig())).toBe(2);
    expect(err).toContain("exports no `hunt`");
  });
});

describe("wrong usage is 2, before anything is tried", () => {
  test.each([
    ["no verb", [], "No verb was given."],
    ["an unknown verb", ["lynt"], "Unknown command 'lynt'"],
    ["an unknown flag", ["lint", "--fix"], "Unknown option '--fix'."],
    ["a format there is not", ["lint", "--format", "xml"], "Allowed choices are table, json, sarif."],
    ["no database", ["lint"], "No database was named."],
    ["an address of another kind", ["lint", "--database", "mysql://root:marker@db/x"], "not of the form postgresql://"],
    [
      "a config file that is not there",
      ["lint", "--config", "nowhere.ts", "--database", "postgresql://h/d"],
      "There is no config file nowhere.ts.",
    ],
  ])("%s", async (_, args, says) => {
    expect(await runProgram(args)).toBe(2);
    expect(err).toMatch(/(^|\n)Error: .*\nNext: {2}.+\n$/);
    expect(err).toContain(says);
    expect(err).not.toContain("marker");
    expect(out).toBe("");
  });

  test.each([
    ["export default {", /cannot be loaded/],
    ['throw new RangeError("marker");', /cannot be loaded: it throws RangeError\./],
    ["export default 7;", /no object of options/],
    ['export default { accept: [{ rule: "no-policy", object: "public.x", reason: "" }] };', /has no reason/],
  ])("a config of %s", async (text, says) => {
    expect(await onClean("lint", "--config", config(text))).toBe(2);
    expect(err).toMatch(says);
    expect(err).not.toContain("marker");
  });
});

test("without tenancy.config.ts, tenancy.config.mjs is the config", async () => {
  writeFileSync(join(folder, "tenancy.config.mjs"), "export default 7;");
  vi.spyOn(process, "cwd").mockReturnValue(folder);
  expect(await onClean("lint")).toBe(2);
  expect(err).toContain("no object of options");
});

test("a database that cannot be reached is 1, and its password is not repeated", async () => {
  expect(await runProgram(["lint", "--database", "postgresql://me:marker@127.0.0.1:1/none"])).toBe(1);
  expect(err).toBe(
    "Error: The database or service could not be reached.\nNext:  Try again; if it stays so, check address and credentials.\n",
  );
});

test("every verb's help has an example", () => {
  const program = buildProgram();
  for (const command of [program, ...program.commands]) {
    let text = "";
    command.configureOutput({
      writeOut: (part) => {
        text += part;
      },
    });
    command.outputHelp();
    expect(text).toContain(`Example:\n  $ tenancy ${command === program ? "" : command.name()}`);
  }
});

const main = fileURLToPath(new URL("../main.ts", import.meta.url));

test("a config of a kind that this Node does not run is 2 and says which does", () => {
  const file = join(folder, "tenancy.config.coffee");
  writeFileSync(file, "");
  const { status, stderr } = spawnSync(process.execPath, [main, "lint", "--config", file], { encoding: "utf8" });
  expect(status).toBe(2);
  expect(stderr).toMatch(/^Error: tenancy\.config\.coffee cannot be loaded: Node \S+ does not run it.*\nNext: {2}Use Node 22\.18/);
});

test("the command itself ends with the exit code", () => {
  const ran = spawnSync(process.execPath, [main, "lint", "--level", "loud"], { encoding: "utf8" });
  expect(ran.status).toBe(2);
  expect(ran.stderr).toContain("Allowed choices are error, warn, info.");
});
