import { TenancyError } from "@rehome/tenancy";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunAs, replayOnLegacy, WriteRefused, withProduct, writeOnTarget } from "./run-writes.ts";
import type { NewPractice } from "./scene.ts";
import type { PairedWrite, Statement, TargetStatement } from "./statement.ts";
import { JOBS, type MovedWorld, movedWorld } from "./testing/moved-world.ts";
import { KINDS, pairedWrites, type WriteKind } from "./writes.ts";

const kinds = Object.keys(KINDS) as WriteKind[];
let world: MovedWorld;
let statements: Statement[] = [];

/** For everybody whom WorkOS may be asked to make one for. */
const practices = new Map<string, NewPractice>();

beforeAll(async () => {
  world = await movedWorld();
  const { rows } = await world.mover.query<{ id: string }>(
    "select legacy_user_id as id from rehome.identity where moved and workos_practice_id is null",
  );
  for (const { id } of rows) practices.set(id, { orgId: `org_new_${id}`, membershipId: `om_new_${id}` });
});
afterAll(() => world?.drop());

const made = (seed: string, count: number, only: { kinds?: WriteKind[]; people?: string[] } = {}): Promise<PairedWrite[]> =>
  pairedWrites(world.mover, { seed, count, now: world.now, encryptionKey: world.encryptionKey, practices, ...only });

describe.each(kinds)("%s", (kind) => {
  test("is refused to a stranger, and nothing changes", async () => {
    const writes = await made("refused", 1, { kinds: [kind] });
    expect(writes.length).toBeGreaterThan(0);
    const before = await logged();
    await withProduct(world.connections, async (run) => {
      for (const write of writes) {
        for (const as of strangersTo(write, await people())) {
          for (const statement of write.target) expect(await attempt(run, as, statement), `${as.kind}: ${statement.text}`).not.toBe("done");
        }
      }
    });
    expect(await logged()).toBe(before);
  });
});

test("an update that row security hides is an error and not a silent nothing; the error names no value", async () => {
  const [write] = await made("hidden", 1, { kinds: ["noteMeeting"] });
  const stranger = strangersTo(write as PairedWrite, await people())[0] as PairedWrite["as"];
  const work = writeOnTarget([{ ...(write as PairedWrite), as: stranger }], world.connections);
  await expect(work).rejects.toThrow(WriteRefused);
  await expect(work).rejects.toThrow('noteMeeting as a person failed: no row was touched (update "meetings" set).');
});

test("every kind succeeds on the target under its own role", async () => {
  const writes = await made("all", kinds.length * 4);
  expect([...new Set(writes.map((write) => write.kind))].sort()).toEqual([...kinds].sort());
  statements = await writeOnTarget(writes, world.connections);
  const serial = statements.filter(({ text }) => /insert into "(blocked_dates|scheduling_settings|payment_transfers)"/.test(text));
  expect(serial.length).toBeGreaterThanOrEqual(6);
  for (const { params } of serial) expect(params.filter((param) => typeof param === "number" && param > 1_000_000)).toHaveLength(1);
});

test("rolled back, every legacy table equals that of the legacy where the same was replayed", async () => {
  const before = await world.rows("twin");
  await replayOnLegacy(world.twin, statements);
  expect(await logged()).toBeGreaterThan(100);
  expect(await world.rollBack()).toBe(0);
  const [legacy, twin] = [await world.rows("legacy"), await world.rows("twin")];
  for (const [table, rows] of Object.entries(twin)) {
    expect(legacy[table], table).toEqual(rows);
    expect(rows, `${table} was written`).not.toEqual(before[table]);
  }
});

test("the same seed over the same rows makes the same writes, another seed others", async () => {
  const texts = async (seed: string) => JSON.stringify((await made(seed, 60)).map(({ as, target }) => [as, target]));
  expect(await texts("again")).toBe(await texts("again"));
  expect(await texts("again")).not.toBe(await texts("other"));
});

test("only those who can sign in write, and only to what is theirs", async () => {
  const [one] = (await made("one", 1, { kinds: ["noteMeeting"] })).map(({ as }) => (as.kind === "person" ? as.legacyUserId : ""));
  const writers = (await made("one", 60, { people: [one ?? ""] })).map(({ as }) => (as.kind === "person" ? as.legacyUserId : as.kind));
  expect(new Set(writers)).toEqual(new Set([one, "job"]));
});

test("the worker's login becomes the jobs it was given and nobody else; the product's login becomes no job", async () => {
  const become = async (url: string, role: string): Promise<string> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return await client.query(`set role ${role}`).then(
        () => "done",
        (error: { code: string }) => error.code,
      );
    } finally {
      await client.end();
    }
  };
  const { workerUrl, loginUrl } = world.connections;
  for (const job of JOBS) {
    expect(await become(workerUrl, `rehome_job_${job}`), job).toBe("done");
    expect(await become(loginUrl, `rehome_job_${job}`), job).toBe("42501");
  }
  // Other tests share the server and its roles: a job that nobody was given is one of our own.
  const admin = new pg.Client({ connectionString: process.env["REHOME_TEST_POSTGRES"] });
  await admin.connect();
  await admin.query("create role job_of_nobody");
  const others = [
    "job_of_nobody",
    "rehome_owner",
    "rehome_guard",
    "rehome_mover",
    "rehome_keys",
    "rehome_fn_check",
    "authenticated",
    "postgres",
  ];
  try {
    for (const role of others) expect(await become(workerUrl, role), role).toBe("42501");
    expect(await become(loginUrl, "rehome_worker")).toBe("42501");
  } finally {
    await admin.query("drop role job_of_nobody");
    await admin.end();
  }
});

test("after the rollback the target takes no write", async () => {
  await expect(writeOnTarget(await made("late", 1), world.connections)).rejects.toMatchObject({ code: "WRITE_REFUSED", sqlstate: "RH002" });
});

test("replay is whole or not at all", async () => {
  const before = await world.rows("twin");
  const half = [
    { text: "delete from blocked_dates", params: [] },
    { text: "select 1 / 0", params: [] },
  ];
  await expect(replayOnLegacy(world.twin, half)).rejects.toMatchObject({ sqlstate: "22012" });
  expect(await world.rows("twin")).toEqual(before);
});

/** Everybody who moved, with the organization of their token. */
const people = async (): Promise<Known[]> =>
  (
    await world.mover.query<Known>(
      "select legacy_user_id as id, coalesce(workos_practice_id, workos_organization_id) as org from rehome.identity where moved order by 1",
    )
  ).rows;

interface Known {
  id: string;
  org: string;
}

const logged = async (): Promise<number> =>
  (await world.mover.query<{ n: number }>("select count(*)::int as n from rehome.change")).rows[0]?.n ?? 0;

/** For a person's write: somebody else, and a job that has nothing to do with it. For a job's: a person, and such a job. */
function strangersTo(write: PairedWrite, everybody: readonly Known[]): PairedWrite["as"][] {
  const { as } = write;
  const [other] = everybody.filter(({ id }) => as.kind === "job" || id !== as.legacyUserId);
  return [
    { kind: "person", legacyUserId: other?.id ?? "", orgId: other?.org ?? "" },
    { kind: "job", job: as.kind === "job" && as.job === "identity" ? "admin" : "identity" },
  ];
}

/** Any other failure than a refusal would prove nothing, so it is thrown. */
async function attempt(run: RunAs, as: PairedWrite["as"], statement: TargetStatement): Promise<"done" | "hidden" | "forbidden"> {
  try {
    const { rowCount } = await run(as, (query) => query(statement.text, statement.params));
    return rowCount === 0 ? "hidden" : "done";
  } catch (error) {
    const state = error instanceof TenancyError ? error.sqlstate : (error as { code?: string }).code;
    if (state === "42501") return "forbidden";
    throw error;
  }
}
