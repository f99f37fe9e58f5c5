import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withUser } from "@rehome/sandbox";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testWorld } from "./moved-world.ts";
import { workosOf, writesSeen } from "./proofs/workos.ts";
import { rehome } from "./rehome.ts";
import { connect } from "./testing/connect.ts";
import { accountsThatDiffer } from "./testing/duplicates.ts";
import { freshTarget } from "./testing/fresh-target.ts";
import { startOldPostgres } from "./testing/old-postgres.ts";
import { expectNoValues, expectRefusal, type Refusal } from "./testing/refusal.ts";
import type { DemoWorld } from "./world.ts";

/** A port of this machine on which nobody listens: bound by no server, refused at once. */
const NOBODY = 1;
const CONFIG = fileURLToPath(new URL("../rehome.config.ts", import.meta.url));

let world: DemoWorld;
beforeAll(async () => {
  world = await testWorld({ users: 20, seed: 3 });
});
afterAll(() => world?.stop());

const DISK_FULL = `
create schema planted;
grant usage on schema planted to public;
create function planted.disk_full() returns trigger language plpgsql as $$ begin
  raise exception 'could not extend file: No space left on device' using errcode = '53100';
end $$;
create function planted.fill_stage() returns event_trigger language plpgsql as $$ begin
  if exists (select from pg_event_trigger_ddl_commands() where object_identity = 'rehome_stage.meetings') then
    create trigger planted before insert on rehome_stage.meetings for each row execute function planted.disk_full();
  end if;
end $$`;

/** A URL of the world, changed. */
function url(name: string, change: (url: URL) => void): Record<string, string> {
  const changed = new URL(world.env[name] ?? "");
  change(changed);
  return { [name]: changed.toString() };
}

async function asSuperuser(server: "legacy" | "target", database: string, sql: string): Promise<void> {
  const client = await connect(world.sandbox[server].url(database));
  await client.query(sql).finally(() => client.end());
}

describe.concurrent("nobody there, or nobody who lets us in", { timeout: 90_000 }, () => {
  const CASES: [what: string, verb: string, env: () => Record<string, string>, refusal: Refusal][] = [
    [
      "legacy does not answer",
      "plan",
      () => url("LEGACY_DATABASE_URL", (it) => (it.port = String(NOBODY))),
      {
        exit: 1,
        code: "DATABASE_UNREACHABLE",
        says: ["legacy database rehome_legacy@127.0.0.1:1/legacy", "ECONNREFUSED"],
        next: "server runs",
      },
    ],
    [
      "the target does not answer",
      "schema",
      () => url("TARGET_OWNER_URL", (it) => (it.port = String(NOBODY))),
      { exit: 1, code: "DATABASE_UNREACHABLE", says: ["target database postgres@127.0.0.1:1/target"], next: "server runs" },
    ],
    [
      "there is no such database",
      "plan",
      () => url("LEGACY_DATABASE_URL", (it) => (it.pathname = "/nowhere")),
      { exit: 1, code: "DATABASE_REFUSED", says: ["no such database", "/nowhere"], next: "Correct the legacy URL" },
    ],
    [
      "the mover's role is not there yet",
      "copy",
      () => url("TARGET_MOVER_URL", (it) => (it.username = "nobody")),
      { exit: 1, code: "DATABASE_REFUSED", says: ["nobody@", "does not exist"], next: "Run `rehome schema` if it never ran" },
    ],
    [
      "Clerk does not answer",
      "plan",
      () => ({ CLERK_API_URL: `http://127.0.0.1:${NOBODY}` }),
      { exit: 1, code: "CLERK_UNREACHABLE", says: ["http://127.0.0.1:1", "could not list users"], next: "legacy.clerk.apiUrl" },
    ],
    [
      "a wrong key for Clerk",
      "plan",
      () => ({ CLERK_SECRET_KEY: "sk_test_of_another_instance" }),
      { exit: 1, code: "CLERK_REFUSED", says: ["401 clerk_key_invalid"], next: "Set CLERK_SECRET_KEY" },
    ],
    [
      "a port that no server may have",
      "plan",
      () => ({ LEGACY_DATABASE_URL: "postgresql://x@127.0.0.1:99999999/legacy" }),
      { exit: 2, code: "CONFIG_INVALID", says: ["legacy.database is not a postgresql:// URL"], next: "Correct these fields" },
    ],
    [
      "a variable that is not set",
      "plan",
      () => ({ CLERK_SECRET_KEY: "" }),
      { exit: 2, code: "CONFIG_INVALID", says: ["CLERK_SECRET_KEY is not set"], next: "Set CLERK_SECRET_KEY" },
    ],
    [
      "a variable that cannot be read",
      "plan",
      () => ({ WORKOS_LIMITS: "sk_marker_of_a_key" }),
      { exit: 2, code: "CONFIG_INVALID", says: [/rehome\.config\.ts throws SyntaxError in line \d+/], next: "environment variable" },
    ],
  ];

  test.each(CASES)("%s", async (_, verb, env, refusal) => {
    const outcome = await rehome(world, [verb], { env: env() });

    expectRefusal(outcome, world, refusal);
    expect(outcome.stdout + outcome.stderr).not.toMatch(/of_another_instance|sk_marker/);
  });

  test("Postgres is too old", async () => {
    const old = await startOldPostgres(Number(new URL(world.env["LEGACY_DATABASE_URL"] ?? "").port), 15);
    try {
      const outcome = await rehome(world, ["plan"], { env: url("LEGACY_DATABASE_URL", (it) => (it.port = String(old.port))) });
      expectRefusal(outcome, world, {
        exit: 1,
        code: "POSTGRES_TOO_OLD",
        says: ["legacy database", "is Postgres 15; 16 is the oldest"],
        next: "Upgrade the legacy server",
      });
    } finally {
      await old.stop();
    }
  });
});

describe.concurrent("a broken export", { timeout: 90_000 }, () => {
  const CASES: [what: string, edit: (csv: string) => string | Buffer, says: string][] = [
    ["columns missing", (csv) => csv.replace("password_digest,password_hasher", "note,comment"), "columns are missing: password_digest"],
    ["a quote that never closes", (csv) => csv.replace(/\n(user_\w+),/, '\n$1,"'), "quote"],
    ["not UTF-8", (csv) => Buffer.concat([Buffer.from(csv), Buffer.from([0xff, 0xfe, 0x0a])]), "not UTF-8"],
    ["cut off in the middle of a user", (csv) => csv.slice(0, csv.lastIndexOf(",") - 4), "ends in the middle of a user"],
  ];
  test.each(CASES)("%s", async (what, edit, says) => {
    const file = join(world.folder, `${what.replaceAll(" ", "-")}.csv`);
    writeFileSync(file, edit(readFileSync(world.env["CLERK_EXPORTS"] ?? "", "utf8")), { mode: 0o600 });

    const outcome = await rehome(world, ["plan"], { env: { CLERK_EXPORTS: file } });

    expectRefusal(outcome, world, { exit: 1, code: "EXPORT_INVALID", says: [file, /line \d+/, says], next: "Export" });
  });

  test("a file that is not there", async () => {
    const outcome = await rehome(world, ["plan"], { env: { CLERK_EXPORTS: "nowhere.csv" } });
    expectRefusal(outcome, world, { exit: 1, code: "EXPORT_INVALID", says: ["nowhere.csv"], next: "legacy.clerk.exports" });
  });

  test("cut off between two users: whoever is missing is held, by name and number", async () => {
    const file = join(world.folder, "half.csv");
    const lines = readFileSync(world.env["CLERK_EXPORTS"] ?? "", "utf8")
      .trimEnd()
      .split("\n");
    writeFileSync(file, `${lines.slice(0, lines.length / 2).join("\n")}\n`, { mode: 0o600 });

    const whole = await rehome(world, ["plan"]);
    const half = await rehome(world, ["plan"], { env: { CLERK_EXPORTS: file } });

    expect(whole.code).toBe(0);
    expect(half.code).toBe(3);
    const open = half.result["open"] as string[];
    const decisions = half.result["decisions"] as { legacyUserId: string; reason: string }[];
    expect(open.length).toBeGreaterThan(0);
    for (const id of open) expect(decisions.find((decision) => decision.legacyUserId === id)?.reason).toBe("not_in_export");
    expect(half.result["next_step"]).toContain(`Decide on ${open.length} held users`);
    expectNoValues(half, world);
  });

  test("a user of the export whom the API does not know is excluded, with that reason", async () => {
    const file = join(world.folder, "one-more.csv");
    const csv = readFileSync(world.env["CLERK_EXPORTS"] ?? "", "utf8");
    writeFileSync(file, `${csv}user_goneMeanwhile,,,,gone@example.org,,,,,,,,\n`, { mode: 0o600 });

    const { code, result } = await rehome(world, ["plan"], { env: { CLERK_EXPORTS: file } });

    expect(code).toBe(0);
    expect(result["decisions"]).toContainEqual(
      expect.objectContaining({ legacyUserId: "user_goneMeanwhile", disposition: "exclude", reason: "deleted_in_clerk" }),
    );
  });
});

describe.concurrent("a config that does not fit", { timeout: 90_000 }, () => {
  const CASES: [what: string, change: string, says: RegExp][] = [
    ["a table that legacy does not have", "tables: { ...move.tables, bookings: move.tables.meetings }", /legacy has no table bookings/],
    ["a table that is in no mapping", "tables: (({ records, ...rest }) => rest)(move.tables)", /legacy table records is in no mapping/],
    [
      "a column that legacy does not have",
      'tables: { ...move.tables, events: { ...move.tables.events, dropped: { colour: "unused" } } }',
      /legacy table events has no column colour/,
    ],
    ["`stays` of a table that is not there", 'stays: { ...move.stays, nothing: "empty" }', /`stays` names nothing/],
  ];
  test.each(CASES)("%s", async (what, change, says) => {
    const config = join(world.folder, `${what.replaceAll(/\W/g, "-")}.config.ts`);
    writeFileSync(
      config,
      `import eleva from ${JSON.stringify(CONFIG)};\nexport default () => { const move = eleva(); return { ...move, ${change} }; };\n`,
    );

    const outcome = await rehome(world, ["plan"], { config });

    expectRefusal(outcome, world, { exit: 2, code: "MAPPING_INCOMPLETE", says: [says], next: "Correct `tables` in rehome.config.ts" });
  });

  test("a config file that is not there", async () => {
    const outcome = await rehome(world, ["plan"], { config: "nowhere.config.ts" });
    expectRefusal(outcome, world, { exit: 2, code: "CONFIG_INVALID", says: ["no config file nowhere.config.ts"], next: "--config" });
  });
});

test("Clerk's key may not read users", async () => {
  const fault = (method: string) =>
    fetch(new URL("/__twin/faults", world.sandbox.clerk.url), {
      method,
      headers: { "content-type": "application/json", "x-twin-admin": world.sandbox.clerk.adminToken },
      ...(method === "POST" ? { body: JSON.stringify({ pathPattern: "^/v1/users$", kind: "status", status: 403 }) } : {}),
    });
  await fault("POST");
  try {
    const outcome = await rehome(world, ["plan"]);
    expectRefusal(outcome, world, { exit: 1, code: "CLERK_REFUSED", says: ["403", "may not do that"], next: "may read users" });
  } finally {
    await fault("DELETE");
  }
});

test("a role on legacy that lacks permissions: the table is named, and `check` names the statements that mend it", async () => {
  await asSuperuser(
    "legacy",
    "legacy",
    "create role weak login; grant usage on schema public to weak; grant select on all tables in schema public to weak; revoke select on meetings from weak",
  );
  const env = { LEGACY_DATABASE_URL: withUser(world.env["LEGACY_DATABASE_URL"] ?? "", "weak") };

  const plan = await rehome(world, ["plan"], { env });
  expectRefusal(plan, world, {
    exit: 1,
    code: "QUERY_FAILED",
    says: ["lacks a permission", "42501", "table meetings", "legacy database weak@"],
    next: "`rehome check`",
  });

  const check = await rehome(world, ["check"], { env });
  expect(check.code).toBe(3);
  const open = (check.result["checks"] as { name: string; ok: boolean; next?: string }[]).filter(({ ok }) => !ok);
  expect(open.map(({ name }) => name)).toEqual(["legacy database"]);
  expectNoValues(check, world);

  await asSuperuser("legacy", "legacy", (open[0]?.next ?? "").replace("As an administrator of legacy, run: ", ""));
  expect(await rehome(world, ["check"], { env })).toMatchObject({ code: 0, result: { ok: true } });
});

describe("WorkOS and the target", { timeout: 90_000 }, () => {
  const WORKOS: [what: string, verb: string, env: () => Record<string, string>, refusal: Refusal][] = [
    [
      "WorkOS does not answer while the schema wants its keys",
      "schema",
      () => ({ WORKOS_API_URL: `http://127.0.0.1:${NOBODY}` }),
      { exit: 1, code: "CONFIG_FUNCTION_FAILED", says: ["target.applySchema", `127.0.0.1:${NOBODY}`], next: /./ },
    ],
    [
      "a client id that WorkOS does not know",
      "schema",
      () => ({ WORKOS_CLIENT_ID: "client_of_nobody" }),
      { exit: 1, code: "CONFIG_FUNCTION_FAILED", says: ["target.applySchema", "client_of_nobody"], next: /./ },
    ],
    [
      "WorkOS does not answer while people move",
      "users",
      () => ({ WORKOS_API_URL: `http://127.0.0.1:${NOBODY}` }),
      { exit: 1, code: "WORKOS_UNREACHABLE", says: ["127.0.0.1", "in 6 tries"], next: "status.workos.com" },
    ],
    [
      "a wrong key for WorkOS",
      "users",
      () => ({ WORKOS_API_KEY: "sk_test_of_another_environment" }),
      { exit: 1, code: "WORKOS_REFUSED", says: ["refused the API key", "401"], next: "Set WORKOS_API_KEY" },
    ],
  ];
  test("wrong or absent, each is named, and afterwards the schema installs", async () => {
    const outcomes: Awaited<ReturnType<typeof rehome>>[] = [];
    for (const [, verb, env] of WORKOS.slice(0, 2)) outcomes.push(await rehome(world, [verb], { env: env() }));
    expect(await rehome(world, ["schema"])).toMatchObject({ code: 0, result: { ok: true } });
    // One after the other: a second `rehome` takes the move over from the first.
    for (const [, verb, env] of WORKOS.slice(2)) outcomes.push(await rehome(world, [verb], { env: env() }));
    for (const [index, [, , , refusal]] of WORKOS.entries()) expectRefusal(outcomes[index] as (typeof outcomes)[number], world, refusal);
    expect(JSON.stringify(outcomes)).not.toContain("of_another_environment");
  });

  test("a wrong password of the mover", async () => {
    // The sandbox trusts everybody; for this role the server shall ask for its password.
    const superuser = await connect(world.sandbox.target.url("postgres"));
    const { rows } = await superuser.query<{ hba_file: string }>("show hba_file");
    const file = rows[0]?.hba_file ?? "";
    writeFileSync(file, `host all rehome_mover 127.0.0.1/32 scram-sha-256\n${readFileSync(file, "utf8")}`);
    await superuser.query("select pg_reload_conf()");
    await superuser.end();
    const says = ["target database rehome_mover@", "refused the connection"];

    for (const [password, reason] of [
      ["not-the-password", "the password is wrong"],
      ["", "asks for a password and the URL has none"],
    ] as const) {
      const env = url("TARGET_MOVER_URL", (it) => (it.password = password));
      const outcome = await rehome(world, ["status"], { env });
      expectRefusal(outcome, world, { exit: 1, code: "DATABASE_REFUSED", says: [...says, reason], next: "orrect the target URL" });
      expect(outcome.stderr + outcome.stdout).not.toContain("not-the-password");
      // A dry run must not take that for "nothing was started yet".
      expect(await rehome(world, ["copy", "--dry-run"], { env })).toMatchObject({
        code: 1,
        result: { error: { code: "DATABASE_REFUSED" } },
      });
    }
    expect(await rehome(world, ["status"])).toMatchObject({ code: 0 });
  });

  test("WorkOS has somebody else with the address of one who moves: that one is refused by name, all others move", async () => {
    const workos = workosOf(world.sandbox.workos);
    const [id] = Object.entries(world.eleva.answers.people).find(([, person]) => person.disposition === "move") ?? [""];
    const email = world.eleva.clerkUsers.find((user) => user.id === id)?.emails.find((one) => one.primary)?.address ?? "";
    const stranger = await workos.userManagement.createUser({ email });

    const outcome = await rehome(world, ["users"]);
    expect(outcome).toMatchObject({ code: 3, result: { ok: false, refused: [{ id, code: "email_not_available" }] } });
    expect(outcome.result["created"]).toBeGreaterThan(5);
    expect(outcome.result["held"]).toHaveLength(1);
    expectNoValues(outcome, world);

    await workos.userManagement.deleteUser(stranger.id); // the next test goes on from here: one person is still to be made
  });

  /*
   * A disk cannot be filled here without rights on the machine. So a trigger raises SQLSTATE 53100 where the server would: a real error of a real
   * server with the code of a full disk, at the statement that would meet it.
   */
  const SPOTS: [verb: string, plant: string, repair: string, says: RegExp][] = [
    [
      "users", // the accounts are made at WorkOS already, and their ids cannot be written down
      "create trigger planted before update on rehome.identity for each row when (new.workos_user_id is distinct from old.workos_user_id) execute function planted.disk_full()",
      "drop trigger planted on rehome.identity",
      /write to the identity map what WorkOS answered/,
    ],
    [
      "copy", // in the midst of a stream of rows
      "create event trigger planted on ddl_command_end when tag in ('CREATE TABLE') execute function planted.fill_stage()",
      "drop event trigger planted",
      /stage meetings/,
    ],
    [
      "copy",
      "create trigger planted before insert on payment_transfers for each row execute function planted.disk_full()",
      "drop trigger planted on payment_transfers",
      /write payment_transfers/,
    ],
    [
      "verify",
      "create trigger planted before insert or update on rehome.proof for each row execute function planted.disk_full()",
      "drop trigger planted on rehome.proof",
      /note proof/,
    ],
  ];
  test("the target's disk is full: said so, and the same command again is whole when there is space", async () => {
    await asSuperuser("target", "target", DISK_FULL);
    for (const [index, [verb, plant, repair, says]] of SPOTS.entries()) {
      await asSuperuser("target", "target", plant);
      const outcome = await rehome(world, [verb]);
      await asSuperuser("target", "target", repair);
      expectRefusal(outcome, world, {
        exit: 1,
        code: "QUERY_FAILED",
        says: [says, "the server's disk is full", "sqlstate 53100", "target database rehome_mover@"],
        next: "Free or add disk space",
      });
      if (verb !== SPOTS[index + 1]?.[0]) expect(await rehome(world, [verb])).toMatchObject({ code: 0, result: { ok: true } });
    }
    await asSuperuser("target", "target", "drop schema planted cascade");
    expect(await rehome(world, ["run"])).toMatchObject({ code: 0, result: { ok: true } });
    expect(await accountsThatDiffer(workosOf(world.sandbox.workos), world.eleva)).toEqual([]);
  });

  test("a broken export in the middle of a run writes nothing at WorkOS, and the next run is whole", async () => {
    const before = await writesSeen(world.sandbox.workos);
    const file = join(world.folder, "broken.csv");
    writeFileSync(file, readFileSync(world.env["CLERK_EXPORTS"] ?? "").subarray(0, -20), { mode: 0o600 });
    const outcome = await rehome(world, ["run"], { env: { CLERK_EXPORTS: file } });
    expectRefusal(outcome, world, { exit: 1, code: "EXPORT_INVALID", says: [file], next: "Export" });
    expect(await writesSeen(world.sandbox.workos)).toBe(before);
    expect(await rehome(world, ["run"])).toMatchObject({ code: 0, result: { ok: true } });
  });

  test("rows in the target that this ledger did not write: refused before, found after, nothing made", async () => {
    const env = await freshTarget(world, "others");
    const legacyBefore = await capturesOnLegacy();
    await asSuperuser("target", "others", "create table orders (note text); insert into orders values ('depression, 40mg')");
    const refused = await rehome(world, ["schema"], { env });
    expectRefusal(refused, world, {
      exit: 1,
      code: "TARGET_NOT_OURS",
      says: ["no ledger accounts for: orders"],
      next: "empty target database",
    });
    expect(refused.stderr + refused.stdout).not.toContain("40mg");
    const other = await connect(world.sandbox.target.url("others"));
    const { rows } = await other.query("select nspname from pg_namespace where nspname in ('rehome', 'auth')");
    await other.end();
    expect(rows).toEqual([]);
    expect(await capturesOnLegacy()).toEqual(legacyBefore);
    await asSuperuser("target", "others", "drop table orders");
    expect(await rehome(world, ["schema"], { env })).toMatchObject({ code: 0 });

    await asSuperuser("target", "others", "update rehome.move set name = 'Another product'");
    expectRefusal(await rehome(world, ["schema"], { env }), world, {
      exit: 1,
      code: "TARGET_NOT_OURS",
      says: ['ledger of another move, "Another product"'],
      next: "empty target database",
    });
  });

  test("a row that somebody put into the target after the copy: a proof names the table, exit 3, until it is gone", async () => {
    const stranger = await connect(world.env["TARGET_MOVER_URL"] ?? "");
    await stranger.query("set rehome.apply = on"); // nobody else may write there before the cutover
    try {
      await stranger.query("insert into categories (name) values ('Somebody''s own')");
      const found = await rehome(world, ["verify"]);
      expect(found.code).toBe(3);
      const rows = (found.result["proofs"] as { name: string; ok: boolean; offenders: string[] }[]).find(({ name }) => name === "rows");
      expect(rows).toMatchObject({ ok: false, offenders: [expect.stringContaining("categories: rows differ")] });
      expect(found.result["next_step"]).toContain("Mend what the open proofs name");
      expectNoValues(found, world);
      await stranger.query("delete from categories where name = 'Somebody''s own'");
    } finally {
      await stranger.end();
    }
    expect(await rehome(world, ["verify"])).toMatchObject({ code: 0, result: { ok: true } });
  });

  async function capturesOnLegacy(): Promise<unknown> {
    const client = await connect(world.sandbox.legacy.url("legacy"));
    const { rows } = await client.query(
      "select tgname, tgrelid::regclass::text as tbl from pg_trigger where tgname like 'rehome%' order by 1, 2",
    );
    await client.end();
    return rows;
  }
});
