import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { countRows, deleteOrganization, openDeletions, requestDeletion } from "./deletion.ts";
import { type AsPerson, guardedPeople } from "./testing/as-person.ts";
import { INSTALL, type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { empty, settle } from "./testing/people.ts";
import { type TestWorkos, testWorkos } from "./testing/twin.ts";

let database: OrganizationsDatabase;
let workos: TestWorkos;
let as: AsPerson;
beforeAll(async () => {
  [database, workos] = await Promise.all([
    organizationsDatabase({
      ...INSTALL,
      release: {
        "public.meetings": { patient_org_id: { guest_email: null, guest_notes: null } },
        "public.records": { patient_org_id: {} },
        "public.services": { org_id: { name: null } },
      },
    }),
    testWorkos(),
  ]);
  as = await guardedPeople(database);
});
afterAll(async () => {
  await workos?.stop();
  await database?.drop();
});

let org: string;
let ana: string;
const clinic = async () => (await workos.workos.organizations.createOrganization({ name: "Clinic", metadata: { type: "clinic" } })).id;

/** Two clinics with rows everywhere; the first one is deleted. */
beforeEach(async () => {
  await empty(database);
  ana = (await workos.createUser(`ana.${crypto.randomUUID()}@example.com`)).id;
  org = await clinic();
  await settle(
    database,
    { id: org, type: "clinic", members: { [ana]: "owner", bea: "member" } },
    { id: "org_other", type: "clinic", members: { olga: "owner" } },
  );
  for (const [n, owner, patient] of [
    [1, org, "org_other"],
    [2, "org_other", org],
  ] as const) {
    await database.owner.query(
      `with s as (insert into services values ($1, $2, 'Consultation')), v as (insert into visits (org_id, path) select $2, '/' from generate_series(1, 5))
       insert into meetings select $1 * 100 + g, $2, $3, $1, 'guest@example.com', 'pain', 5000 from generate_series(1, 7) g`,
      [n, owner, patient],
    );
    await database.owner.query(
      `insert into records select id, org_id, patient_org_id, id, 'cipher ' || id, '{"odd": "\\u0000"}' from meetings where org_id = $1`,
      [owner],
    );
    await database.owner.query("insert into record_shares select id, patient_org_id, id from records where org_id = $1", [owner]);
    await database.owner.query(
      "insert into invitations (id, org_id, email, status, expires_at) values ('invitation_' || $1, $2, 'x@example.com', 'pending', now())",
      [String(n), owner],
    );
  }
  await database.sync((query) => query("select tenancy.change_type($1, $2, 'clinic', 'enterprise')", [org, ana]));
});

const parts = () => ({ workos: workos.workos, sync: database.sync, deletion: database.deletion });
const request = (actor = ana) => requestDeletion(parts(), { orgId: org, actor });

/** Counted here, over the columns of the catalog, by a superuser: not by the functions under test. */
async function rowsNaming(id: string): Promise<Record<string, number>> {
  const columns = await database.rows<{ t: string; c: string }>(
    `select format('%I.%I', table_schema, table_name) as t, column_name as c from information_schema.columns
      where table_schema = 'public' and (column_name like '%org\\_id' or (table_name = 'organizations' and column_name = 'id'))`,
  );
  expect(columns.length).toBeGreaterThanOrEqual(12);
  const counted: Record<string, number> = {};
  for (const { t, c } of columns) {
    const [row] = await database.rows<{ n: number }>(`select count(*)::int as n from ${t} where "${c}" = $1`, [id]);
    if (row?.n) counted[`${t}.${c}`] = row.n;
  }
  return counted;
}

const UNTOUCHED = {
  "public.invitations.org_id": 1,
  "public.meetings.org_id": 7,
  "public.memberships.org_id": 1,
  "public.organizations.id": 1,
  "public.records.org_id": 7,
  "public.services.org_id": 1,
  "public.users.org_id": 1,
  "public.visits.org_id": 5,
};

async function isGone(): Promise<void> {
  expect(await rowsNaming(org)).toEqual({});
  expect(await rowsNaming("org_other")).toEqual(UNTOUCHED);
  // What belongs to the other clinic stayed, without the person.
  expect(await database.rows("select distinct patient_org_id as p, guest_email as e, guest_notes as n, amount from meetings")).toEqual([
    { p: "org_erased", e: null, n: null, amount: 5000 },
  ]);
  const archived = await database.rows<{ rel: string; content: Record<string, unknown>; years: number }>(
    "select rel, content, extract(year from age(keep_until, deleted_at))::int as years from tenancy.archive where org_id = $1 order by rel",
    [org],
  );
  // Both clinics' rows that named it, as they were before anything let go.
  const kinds = archived.map(({ rel, content, years }) => `${rel} ${years} years: ${Object.keys(content).sort().join(" ")}`);
  expect([...new Set(kinds)]).toEqual([
    "public.meetings 7 years: amount id org_id",
    "public.records 10 years: encrypted_content id meeting_id metadata org_id patient_org_id",
  ]);
  expect(archived).toHaveLength(28);
  const records = archived.filter(({ rel }) => rel === "public.records").map(({ content }) => content);
  expect(records.every(({ id, encrypted_content }) => encrypted_content === `cipher ${id}`)).toBe(true);
  expect(records[0]?.["metadata"]).toEqual({ odd: "\u0000" });
  await expect(workos.workos.organizations.getOrganization(org)).rejects.toMatchObject({ status: 404 });
  expect(await database.rows("select state from tenancy.deletion")).toEqual([{ state: "done" }]);
  // What happened stays, each thing once, and whoever asked for it.
  expect(
    await database.rows("select topic, actor from tenancy.outbox where org_id = $1 and topic like 'organization.%' order by id", [org]),
  ).toEqual([
    { topic: "organization.type_changed", actor: ana },
    { topic: "organization.deletion_requested", actor: ana },
    { topic: "organization.emptied", actor: null },
    { topic: "organization.deleted", actor: null },
  ]);
}

test("from the request on nobody in it has access; owner only (R59)", async () => {
  await expect(request("bea")).rejects.toMatchObject({ code: "not_owner" });
  const count = () => as({ user: ana, org }, async (query) => (await query("select auth.org_id() as org")).rows);
  expect(await count()).toEqual([{ org }]);
  await request();
  expect(await count()).toEqual([{ org: null }]);
  expect(await openDeletions(parts())).toEqual([org]);
});

test("archives, empties every table of the catalog, then WorkOS; again changes nothing", async () => {
  await request();
  const states: string[] = [];
  await deleteOrganization(parts(), org, { batchRows: 3, onStep: ({ state }) => void states.push(state) });
  await isGone();
  expect([...new Set(states)]).toEqual(["archiving", "emptying", "emptied", "done"]);
  expect(states.lastIndexOf("archiving")).toBeLessThan(states.indexOf("emptying"));
  await deleteOrganization(parts(), org);
  await isGone();
  expect(await countRows(parts(), org)).toEqual({});
});

test("without a request there is nothing to delete", async () => {
  await expect(deleteOrganization(parts(), org)).rejects.toMatchObject({ code: "unknown_organization" });
  expect(await rowsNaming(org)).toMatchObject({ "public.meetings.org_id": 7 });
});

test("the connection breaks at each step, before and after its commit: run again, the end is the same", { timeout: 60_000 }, async () => {
  await request();
  let step = 0;
  let breakAt = 0;
  let broke = false;
  const breaking: typeof database.deletion = (work) =>
    database.deletion(async (query) => {
      const result = await work(query);
      if (++step === breakAt) {
        broke = true;
        const { rows } = await query<{ pid: number }>("select pg_backend_pid() as pid");
        await database.owner.query("select pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
      }
      return result;
    });
  // Every run gets one step further than the one before it, and dies in it.
  for (breakAt = 1; ; breakAt++) {
    step = 0;
    broke = false;
    const run = deleteOrganization({ workos: workos.workos, deletion: breaking }, org, { batchRows: 8 });
    if (
      await run.then(
        () => true,
        () => false,
      )
    )
      break;
    expect(broke).toBe(true);
  }
  expect(breakAt).toBeGreaterThan(5);
  await isGone();
});

test("SIGKILL after a number of steps, process by process: the end is the same", { timeout: 60_000 }, async () => {
  await request();
  let killed = 0;
  for (const steps of [2, 7]) {
    const child = spawn(process.execPath, [fileURLToPath(new URL("testing/delete.ts", import.meta.url))], {
      env: {
        ...process.env,
        WORKERS: (database.workers.options as { connectionString: string }).connectionString,
        API_KEY: workos.twin.apiKey,
        PORT: String(workos.twin.port),
        ORG_ID: org,
        STEPS: String(steps),
      },
      stdio: ["ignore", "ignore", "inherit"],
    });
    const signal = await new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_, by) => resolve(by)));
    if (signal === "SIGKILL") killed++;
  }
  expect(killed).toBe(2);
  await deleteOrganization(parts(), org);
  await isGone();
});

describe("WorkOS", () => {
  test.each(["reset_before", "reset_after"])("its answer is lost (%s): run again, it is deleted there once", async (kind) => {
    await request();
    await workos.admin.call("POST", "faults", { method: "DELETE", pathPattern: "^/organizations/", kind, times: 1 });
    await expect(deleteOrganization(parts(), org)).rejects.toThrow();
    expect(await database.rows("select state from tenancy.deletion")).toEqual([{ state: "emptied" }]);
    await deleteOrganization(parts(), org);
    await isGone();
  });
});

test("the job sees no row of an organization that is not being deleted", async () => {
  const seen = () =>
    database.deletion(
      async (query) => (await query("select org_id, patient_org_id from meetings union all select org_id, null from visits")).rows,
    );
  expect(await seen()).toEqual([]);
  await request();
  for (const row of await seen()) expect(Object.values(row)).toContain(org);
  expect(
    await database
      .deletion(async (query) => (await query("delete from services")).rowCount)
      .catch((error: { sqlstate: string }) => error.sqlstate),
  ).toBe("23503");
});

test("rows that a job writes meanwhile are taken by the next step", async () => {
  await request();
  let wrote = false;
  await deleteOrganization(parts(), org, {
    onStep: async ({ rel }) => {
      if (wrote || rel !== "public.visits") return;
      wrote = true;
      await database.owner.query("insert into visits (org_id, path) values ($1, '/late')", [org]);
    },
  });
  expect(wrote).toBe(true);
  await isGone();
});

test("a row that appears in the very last step, in a table without a foreign key, is seen", async () => {
  await database.owner.query(`
    create sequence once;
    create function write_late() returns trigger security definer language plpgsql as
      $$ begin if nextval('public.once') = 1 then insert into public.visits (org_id, path) values (old.id, '/late'); end if; return old; end $$;
    create trigger write_late before delete on organizations for each row execute function write_late()`);
  await request();
  await deleteOrganization(parts(), org);
  await database.owner.query("drop trigger write_late on organizations; drop function write_late; drop sequence once");
  await isGone();
});

test("rows where the job sees nothing stop it, and the error names the table", async () => {
  await database.owner.query("create schema elsewhere; create table elsewhere.ledger (org_id text references public.organizations)");
  await database.owner.query("insert into elsewhere.ledger values ($1)", [org]);
  await request();
  await expect(deleteOrganization(parts(), org)).rejects.toMatchObject({ code: "rows_remain", table: "ledger" });
  await database.owner.query("drop schema elsewhere cascade");
  await deleteOrganization(parts(), org);
  await isGone();
});

describe("a row of another organization that refers to one of this", () => {
  const refer = () =>
    database.owner.query("insert into meetings select 300, 'org_other', 'org_other', id, null, null, 1 from services where org_id = $1", [
      org,
    ]);

  test("keeps that one, as nobody's, where the product said so", async () => {
    await refer();
    await request();
    await deleteOrganization(parts(), org);
    expect(await database.rows("select org_id, name from services order by id")).toEqual([
      { org_id: "org_erased", name: null },
      { org_id: "org_other", name: "Consultation" },
    ]);
    expect(await rowsNaming(org)).toEqual({});
  });

  test("stops the deletion where it did not, and the error names both", async () => {
    await refer();
    await database.owner.query("delete from tenancy.release_rule where rel = 'public.services'");
    await request();
    const stopped = deleteOrganization(parts(), org);
    await expect(stopped).rejects.toMatchObject({ code: "still_referenced", table: "meetings", constraint: "meetings_service_id_fkey" });
    await database.owner.query("insert into tenancy.release_rule values ('public.services', 'org_id', '{}')");
    await deleteOrganization(parts(), org); // goes on where it stopped
    expect(await rowsNaming(org)).toEqual({});
  });
});

test("archived rows go when their time is over, and not before", async () => {
  await request();
  await deleteOrganization(parts(), org);
  const purge = () =>
    database.deletion(async (query) => (await query<{ n: number }>("select tenancy.purge_archive()::int as n")).rows[0]?.n);
  expect(await purge()).toBe(0);
  expect(await database.deletion(async (query) => (await query("delete from tenancy.archive")).rowCount)).toBe(0);
  await database.owner.query("update tenancy.archive set keep_until = now() where rel = 'public.meetings'");
  expect(await purge()).toBe(14);
});

describe("the deletion job with SQL of its own", () => {
  const asJob = (sql: string) => database.deletion((query) => query(sql));
  const forbidden = { code: "forbidden" };

  beforeEach(async () => {
    await database.owner.query(
      `insert into tenancy.deletion (org_id, users, state) values ('org_before', '{}', 'done');
       insert into tenancy.object (kind, id, at, event, deleted, state, org_id, user_id)
         values ('membership', 'om_olga', now(), 'x', false, '{"role":"owner"}', 'org_other', 'olga'),
         ('user', 'olga', now(), 'x', false, '{"email":"olga@example.com"}', null, null);
       insert into tenancy.archive (org_id, rel, row_key, content, keep_until) values ('org_before', 'public.records', '[1]', '{}', now() + interval '10 years')`,
    );
  });

  test.each([
    "update tenancy.deletion set org_id = 'org_other', state = 'emptying' where org_id = 'org_before'",
    "update tenancy.deletion set users = '{olga}'",
    "insert into tenancy.deletion (org_id, users, state) values ('org_other', '{}', 'emptying')",
    "update tenancy.archive set keep_until = now() - interval '1 second'",
    "update tenancy.archive set org_id = 'org_other'",
    "insert into tenancy.archive (org_id, rel, row_key, content, keep_until) values ('org_other', 'public.records', '[2]', '{}', now() + interval '10 years')",
    "select state from tenancy.object",
    "update tenancy.object set user_id = 'olga'",
  ])("is refused: %s", async (sql) => {
    await request();
    await expect(asJob(sql)).rejects.toMatchObject(forbidden);
  });

  test("a copy that would be kept for less than the law wants is refused", async () => {
    await request();
    const copy = (keep: string) =>
      asJob(
        `insert into tenancy.archive (org_id, rel, row_key, content, keep_until) values ('${org}', 'public.records', '[3]', '{}', now() + interval '${keep}')`,
      );
    await expect(copy("1 year")).rejects.toMatchObject(forbidden);
    await copy("10 years");
  });

  test("it sees and changes nothing of an organization that stays", async () => {
    await request();
    const { rows } = await database.deletion((query) =>
      query<{ n: number }>(
        `select (select count(*) from meetings where org_id = 'org_other' and patient_org_id <> $1)::int + (select count(*) from tenancy.object where org_id = 'org_other')::int
           + (select count(*) from tenancy.archive where org_id = 'org_before')::int as n`,
        [org],
      ),
    );
    expect(rows).toEqual([{ n: 0 }]);
    // A meeting of the other clinic in which this one was the patient lets go; it is not this job's to delete.
    expect((await asJob("delete from meetings where org_id = 'org_other'")).rowCount).toBe(0);
    expect((await asJob("update tenancy.object set deleted = true, state = null")).rowCount).toBe(0);
    expect((await asJob("select tenancy.purge_archive()")).rows).toEqual([{ purge_archive: expect.stringMatching("0") }]);
  });

  test("nobody becomes a member of the stand-in", async () => {
    await request();
    const join = database.owner.query(
      "insert into memberships (org_id, workos_user_id, id, role_slug, status) values ('org_erased', 'bea', 'om_x', 'owner', 'active')",
    );
    await expect(join).rejects.toMatchObject({ code: "RO008" });
  });
});

test("a row that a job changes just then is passed over, not taken: the appointment of another organization stays", async () => {
  await request();
  const untilOnlyItsOwnRow = deleteOrganization(parts(), org, {
    async onStep() {
      if (Object.keys(await rowsNaming(org)).join() === "public.organizations.id") throw new Error("enough");
    },
  });
  await expect(untilOnlyItsOwnRow).rejects.toThrow("enough");
  await database.owner.query("insert into meetings select 999, 'org_other', $1, 2, 'late@example.com', 'late', 1", [org]);
  await database.owner.query("begin");
  await database.owner.query("update meetings set amount = 2 where id = 999");
  const step = database.deletion((query) => query("select * from tenancy.delete_step($1, 1000)", [org]));
  await new Promise((resolve) => setTimeout(resolve, 200)); // until it waits for the row
  await database.owner.query("commit");
  await step;
  await deleteOrganization(parts(), org);
  expect((await database.rows("select from meetings where org_id = 'org_other'")).length).toBe(8);
});
