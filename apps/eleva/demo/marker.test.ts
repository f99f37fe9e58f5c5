import { readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { workosOf } from "./proofs/workos.ts";
import { type Outcome, rehome } from "./rehome.ts";
import { connect } from "./testing/connect.ts";
import { hold } from "./testing/hold.ts";
import { type Marked, markedWorld } from "./testing/markers.ts";

let marked: Marked;
let startedAtMs: number;
const said: { what: string; text: string }[] = [];

beforeAll(async () => {
  startedAtMs = Date.now();
  marked = await markedWorld();
  marked.world.env["TMPDIR"] = marked.world.folder;
}, 120_000);

afterAll(() => marked?.world.stop());

test("nothing that the move writes outside the databases holds a health note, a name of a guest, an address, a digest or a TOTP secret", async () => {
  await failedRun();
  await command(["plan"], 0);
  await command(["run"], 0);
  await failedSync();
  await command(["verify"], 0);
  await endedInCopy();
  await command(["run"], 0);
  await command(["cutover"], 0);
  await failedRollback();
  await command(["rollback"], 0);
  await command(["status"], 0);
  await command(["report", "--out", "again.html"], 0);
  expect(await marksIn(marked)).toEqual([]);
  await allThere();
}, 240_000);

test("the same search finds a marker that is there", async () => {
  said.push({ what: "planted", text: `x${marked.markers.digest}x` });
  expect(await marksIn(marked)).toEqual(["digest in planted"]);
  said.pop();
  const product = await connect(marked.world.sandbox.legacy.url("legacy", "eleva_app"));
  await expect(product.query(`select 1 / 0 as "${marked.markers.guestName}"`)).rejects.toThrow();
  await product.end();
  await logged();
  expect(await marksIn(marked)).toEqual(["guestName in the log of legacy"]);
});

/** Keeps what a command said, on both streams, in both forms. */
async function command(args: string[], code: number): Promise<Outcome> {
  const outcome = await rehome(marked.world, args);
  said.push({ what: `rehome ${args[0]}`, text: outcome.stdout + outcome.stderr });
  expect(outcome.code, `rehome ${args[0]}: ${outcome.stderr}`).toBe(code);
  return outcome;
}

/** The target refuses a marked row: Postgres would quote the row (check) or the value (unique key). */
async function failedRun(): Promise<void> {
  const admin = await connect(marked.world.sandbox.target.url("target"));
  await command(["schema"], 0);
  await admin.query("alter table users add constraint refuses_email check (email !~ 'mark')");
  const refused = async (constraint: string) =>
    expect((await command(["run"], 1)).result).toMatchObject({ error: { message: expect.stringContaining(`constraint ${constraint}`) } });
  await refused("refuses_email");
  await admin.query("alter table users drop constraint refuses_email");
  await admin.query("alter table meetings add constraint refuses_notes check (guest_notes !~ 'MARK')");
  await refused("refuses_notes");
  await admin.query("alter table meetings drop constraint refuses_notes");
  await admin.query("create unique index one_note on meetings (guest_notes) where guest_notes ~ 'MARK'");
  await refused("one_note");
  await admin.query("drop index one_note");
  await admin.end();
}

/** The staged rows are refused in the midst of the copy: Postgres would quote the line. */
async function failedSync(): Promise<void> {
  await touchReason(marked);
  const admin = await connect(marked.world.sandbox.target.url("target"));
  await admin.query(`
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused' using errcode = 'P0001'; end $$;
    create trigger refuse before insert on rehome_stage.blocked_dates for each row execute function refuse()`);
  expect((await command(["verify"], 1)).result).toMatchObject({ error: { code: "QUERY_FAILED" } });
  await admin.query("drop function refuse cascade");
  await admin.end();
}

/** The server ends the connection while it stands at a row of the copy. */
async function endedInCopy(): Promise<void> {
  await touchReason(marked);
  const url = marked.world.sandbox.target.url("target");
  const admin = await connect(url);
  await admin.query(`
    create table gate (nothing boolean);
    create function wait_at_gate() returns trigger language plpgsql security definer as $$ begin lock table gate; return new; end $$;
    create trigger wait_at_gate before insert on rehome_stage.blocked_dates for each row execute function wait_at_gate()`);
  const held = await hold(url, "lock table gate in access exclusive mode");
  const running = command(["verify"], 1);
  await held.waitedFor();
  await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rehome%'");
  await running;
  await held.release();
  await admin.query("drop function wait_at_gate cascade; drop table gate");
  await admin.end();
}

/** On the way back legacy refuses the row. */
async function failedRollback(): Promise<void> {
  const writer = await connect(marked.world.env["TARGET_MOVER_URL"] ?? "");
  await writer.query("update meetings set guest_notes = guest_notes || '.' where guest_notes ~ 'MARK'");
  await writer.end();
  const admin = await connect(marked.world.sandbox.legacy.url("legacy"));
  await admin.query(`alter table meetings add constraint refuses_notes check ("guestNotes" !~ 'MARK') not valid`);
  expect((await command(["rollback"], 1)).result).toMatchObject({
    error: { message: expect.stringContaining("constraint refuses_notes") },
  });
  await admin.query("alter table meetings drop constraint refuses_notes");
  await admin.end();
}

async function touchReason({ world }: Marked): Promise<void> {
  const product = await connect(world.sandbox.legacy.url("legacy", "eleva_app"));
  await product.query("update blocked_dates set reason = reason || '.' where reason ~ 'MARK'");
  await product.end();
}

/** The markers were really carried: in the tables where they belong. */
async function allThere(): Promise<void> {
  const target = await connect(marked.world.sandbox.target.url("target"));
  const { rows } = await target.query<{ notes: number; emails: number }>(
    `select (select count(*)::int from meetings where guest_notes like $1 || '%' and guest_name = $2) as notes,
            (select count(*)::int from users where email = $3) as emails`,
    [marked.markers.note, marked.markers.guestName, marked.markers.email],
  );
  await target.end();
  expect(rows[0]?.notes).toBe(2);
  expect(rows[0]?.emails).toBe(1);
}

/** Where a marker stands that must not stand there: `<marker> in <place>`. */
async function marksIn({ world, markers }: Marked): Promise<string[]> {
  await logged();
  const { legacy, target } = world.sandbox;
  const places = [
    ...said,
    { what: "the log of legacy", text: readFileSync(legacy.logFile ?? "", "utf8") },
    { what: "the log of the target", text: readFileSync(target.logFile ?? "", "utf8") },
    ...filesOfOurs(world.env["CLERK_EXPORTS"] ?? "").map((file) => ({
      what: file,
      text: orNone(() => readFileSync(file, "latin1")) ?? "",
    })),
    { what: "WorkOS", text: await heldAtWorkos() },
  ];
  expect(places.map((place) => place.what)).toEqual(expect.arrayContaining([expect.stringContaining("rehome-report.html")]));
  return places.flatMap(({ what, text }) =>
    Object.entries(markers)
      .filter(([, marker]) => text.includes(marker))
      .map(([name]) => `${name} in ${what}`),
  );
}

/** The server's messages come through a pipe. */
const logged = () => new Promise((resolve) => setTimeout(resolve, 100));

/** Files that came or changed since the start, in the demo's folder (where the mover's temporary files go too) and in those of the twins. */
function filesOfOurs(except: string, folder: string = tmpdir()): string[] {
  const entries = orNone(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  return entries
    .filter((entry) => folder !== tmpdir() || /^rehome-(?!pg-)/.test(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesOfOurs(except, path);
      const changedAtMs = orNone(() => statSync(path).mtimeMs) ?? 0;
      return entry.isFile() && path !== except && changedAtMs >= startedAtMs ? [path] : [];
    });
}

/** Undefined for what another user owns (so it is not ours) and for what another test has removed meanwhile. */
function orNone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "EACCES" || code === "ENOENT") return undefined;
    throw error;
  }
}

/** What WorkOS holds beyond the names and addresses of people, which belong there. */
async function heldAtWorkos(): Promise<string> {
  const workos = workosOf(marked.world.sandbox.workos);
  const users = await workos.userManagement.listUsers({ limit: 100 });
  const organizations = await workos.organizations.listOrganizations({ limit: 100 });
  expect(users.data.map((user) => user.email)).toContain(marked.markers.email);
  return JSON.stringify([users.data.map((user) => ({ ...user, email: null })), organizations.data]);
}
