import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testWorld } from "./moved-world.ts";
import { type Outcome, rehome } from "./rehome.ts";
import { connect } from "./testing/connect.ts";
import { expectNoValues, expectRefusal } from "./testing/refusal.ts";
import { counted } from "./testing/workos-faults.ts";
import type { DemoWorld } from "./world.ts";

const VERBS = ["check", "plan", "run", "schema", "users", "copy", "verify", "cutover", "rollback", "status", "report"] as const;
const WRITING = ["schema", "users", "copy", "verify", "run", "cutover", "rollback"] as const;

let world: DemoWorld;
beforeAll(async () => {
  world = await testWorld({ users: 20, seed: 3 });
});
afterAll(() => world?.stop());

describe.concurrent("the command line itself", { timeout: 90_000 }, () => {
  test("`rehome --help` names every verb and the exit codes", async () => {
    const { code, stdout, stderr } = await rehome(world, ["--help"], { text: true });
    expect([code, stderr]).toEqual([0, ""]);
    for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`^ {2}${verb} `, "m"));
    expect(stdout).toContain("Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 a gate");
  });

  test("`rehome <verb> --help` has an example", async () => {
    const { code, stdout } = await rehome(world, ["cutover", "--help"], { text: true });
    expect(code).toBe(0);
    expect(stdout).toContain("Example:\n  $ rehome cutover --dry-run");
  });

  test.for<[string[], string, string]>([
    [["plan", "--hold"], "Unknown option '--hold'", "rehome plan --help"],
    [["moove"], "Unknown command 'moove'", "rehome --help"],
    [["plan", "everything"], "too many arguments", "rehome plan --help"],
  ])("wrong usage: %s", async ([args, says, next]) => {
    const outcome = await rehome(world, args);
    expectRefusal(outcome, world, { exit: 2, code: "USAGE", says: [new RegExp(says, "i")], next });
  });
});

describe("each verb, in the order of a move", { timeout: 90_000 }, () => {
  test("`plan` and `check` write nothing, also before anything is there", async () => {
    const before = await everything();
    const plan = await rehome(world, ["plan"]);
    const check = await rehome(world, ["check"]);
    const text = await rehome(world, ["plan", "--explain", "--held"], { text: true });

    for (const outcome of [plan, check]) expect(outcome).toMatchObject({ code: 0, result: { ok: true, next_step: expect.any(String) } });
    expect(text.stdout.trimEnd().split("\n").at(-1)).toBe("Nothing was changed. Next: rehome run");
    for (const outcome of [plan, check, text]) expectNoValues(outcome, world);
    expect(await everything()).toEqual(before);
  });

  test("before `rehome schema`, the others say what to do first", async () => {
    const outcomes = await Promise.all(["status", "users", "report"].map((verb) => rehome(world, [verb])));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ code: 1, result: { ok: false, next_step: expect.stringContaining("rehome schema") } });
    }
  });

  test("a dry run before anything is there changes nothing", () => dryRunsOf(["schema", "run", "users", "cutover"]));

  test("held people: `run` ends with 3 and their number, `cutover` refuses, until they are accepted by name", async () => {
    const held = (world.env["ACCEPT_HELD"] ?? "").split(",");
    expect(held.length).toBeGreaterThan(0);
    const env = { ACCEPT_HELD: "" };

    const plan = await rehome(world, ["plan"], { env });
    expect(plan).toMatchObject({
      code: 3,
      result: { ok: false, open: expect.arrayContaining(held), next_step: expect.stringContaining(`${held.length} held`) },
    });
    const run = await rehome(world, ["run"], { env });
    expect(run.result["next_step"]).toContain(`Settle ${held.length} held users`);
    expect(run).toMatchObject({ code: 3, result: { ok: false, held: expect.arrayContaining(held) } });
    const cutover = await rehome(world, ["cutover"], { env });
    expectRefusal(cutover, world, {
      exit: 3,
      code: "GATE_CLOSED",
      says: [`held users settled (${held.length} open`],
      next: "Nothing was changed",
    });
    expect(await rehome(world, ["status"], { env })).toMatchObject({ code: 0, result: { move: { state: "copied", side: "legacy" } } });

    const half = await rehome(world, ["run"], { env: { ACCEPT_HELD: held[0] ?? "" } });
    expect(half).toMatchObject({ code: 3, result: { held: held.slice(1) } });
    expect(await rehome(world, ["run"])).toMatchObject({ code: 0, result: { ok: true, held: [], next_step: "rehome cutover" } });
  });

  test("a dry run after the copy changes nothing", () => dryRunsOf(WRITING));

  test("each gives one JSON document with `next_step`, and its words and the text's hold no value of a person", async () => {
    const out = join(world.folder, "cli.html");
    for (const args of [["schema"], ["users"], ["copy"], ["verify"], ["status"], ["report", "--out", out]]) {
      const outcome = await rehome(world, args);
      expect(outcome.code, args[0]).toBe(0);
      expectOneDocument(outcome);
    }
    const status = await rehome(world, ["status"], { text: true });
    expect(status.stdout).toContain("Next: rehome cutover");
    const report = readFileSync(out, "utf8");
    expectNoValues({ code: 0, result: {}, stdout: report + status.stdout, stderr: "" }, world);
  });

  test("a verb that is not allowed now: exit 3, why, and what is", async () => {
    const outcome = await rehome(world, ["rollback"]);
    expectRefusal(outcome, world, {
      exit: 3,
      code: "PHASE_REFUSED",
      says: ["the product still runs on legacy"],
      next: "Nothing has to be rolled back",
    });
  });

  test("a report that cannot be written", async () => {
    const outcome = await rehome(world, ["report", "--out", join(world.folder, "nowhere", "report.html")]);
    expectRefusal(outcome, world, { exit: 1, code: "FILE_UNWRITABLE", says: ["nowhere", "ENOENT"], next: "--out" });
  });

  test("`cutover`, a dry run on the target, `rollback`", async () => {
    const cutover = await rehome(world, ["cutover"]);
    expect(cutover).toMatchObject({ code: 0, result: { switched: true } });
    expectOneDocument(cutover);
    await dryRunsOf(["rollback", "cutover"]);
    expect(await rehome(world, ["users"])).toMatchObject({ code: 3, result: { error: { code: "PHASE_REFUSED" } } });
    const rollback = await rehome(world, ["rollback"]);
    expect(rollback.code).toBe(0);
    expectOneDocument(rollback);
  });
});

function expectOneDocument({ stdout, result }: Outcome): void {
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(result).toMatchObject({ ok: true, next_step: expect.stringMatching(/\S/) });
}

/** Every dry run, as text and as JSON, between two looks at everything. */
async function dryRunsOf(verbs: readonly string[]): Promise<void> {
  const before = await everything();
  const json = rehome(world, [verbs[0] as string, "--dry-run"]);
  const texts = await Promise.all(verbs.map((verb) => rehome(world, [verb, "--dry-run"], { text: true })));
  for (const [index, text] of texts.entries()) {
    expect([verbs[index], text.code, text.stdout.trimEnd().split("\n").at(-1)]).toEqual([verbs[index], 0, "Nothing was changed."]);
    expectNoValues(text, world);
  }
  expectOneDocument(await json);
  expect((await json).result).toMatchObject({ dry_run: true, would: expect.arrayContaining([expect.any(String)]) });
  expect(await everything()).toEqual(before);
}

/** Both databases, table by table and with their triggers, sequences and schemas, and what the twin has been told to write. */
async function everything(): Promise<Record<string, unknown>> {
  const { writes } = await counted(world.sandbox.workos);
  return { legacy: await contents(world.sandbox.legacy.url("legacy")), target: await contents(world.sandbox.target.url("target")), writes };
}

async function contents(url: string): Promise<Record<string, string>> {
  const client = await connect(url);
  try {
    const { rows: tables } = await client.query<{ name: string; kind: string }>(
      `select format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'S') and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' order by 1`,
    );
    const sums: Record<string, string> = {};
    for (const { name, kind } of tables) {
      const what = kind === "S" ? "last_value::text" : "count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0)";
      sums[name] = (await client.query<{ sum: string }>(`select ${what} as sum from ${name} t`)).rows[0]?.sum ?? "";
    }
    const { rows } = await client.query<{ sum: string }>(
      "select (select count(*) from pg_trigger) || ' triggers ' || (select count(*) from pg_roles) || ' roles ' || (select count(*) from pg_proc) || ' functions' as sum",
    );
    return { ...sums, catalog: rows[0]?.sum ?? "" };
  } finally {
    await client.end();
  }
}
