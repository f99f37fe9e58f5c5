import { withUser } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { TenancyError } from "../errors.ts";
import { applyChanges, applyEvents } from "./apply.ts";
import { FETCHED } from "./changes.ts";
import { deleteOrganization, requestDeletion } from "./deletion.ts";
import { pollEvents } from "./poll.ts";
import type { RunJob } from "./run.ts";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { empty, settle } from "./testing/people.ts";
import { Source, type SourceServer, serveSource } from "./testing/source.ts";

// What somebody's open transaction holds delays nobody else's suspension or sign-out.

let database: OrganizationsDatabase;
let server: SourceServer;
let source: Source;
let eve: pg.Client;
beforeAll(async () => {
  database = await organizationsDatabase();
  server = await serveSource(() => source);
  // As in a product where an owner renames the organization, and everybody adds services to it.
  await database.owner.query(
    `grant update (name) on organizations to authenticated; create policy eve_renames on organizations for update to authenticated using (true);
     create policy eve_sees on organizations for select to authenticated using (true);
     grant insert on services to authenticated; create policy eve_adds on services for insert to authenticated with check (true)`,
  );
});
afterAll(async () => {
  await server?.close();
  await database?.drop();
});
beforeEach(async () => {
  await empty(database);
  source = new Source();
  eve = new pg.Client({ connectionString: withUser(database.url, "rehome_login", "login") });
  eve.on("error", () => {});
  await eve.connect();
});
afterEach(() => eve.end());

const run = <T>(work: Parameters<typeof database.sync<T>>[0]) => database.sync(work);
const poll = () => pollEvents({ workos: server.workos, run: database.sync, now: source.now, readsPerSecond: 1e6 });
const statusOf = async (user: string) =>
  (await database.rows<{ status: string }>("select status from memberships where workos_user_id = $1", [user]))[0]?.status;

/** Two clinics as WorkOS has them: Eve's, and one where somebody is about to be fired. */
async function clinics() {
  const [hers, other] = [source.createOrganization("clinic"), source.createOrganization("clinic")];
  const [owner, fired] = [source.createUser(), source.createUser()];
  const own = source.join(owner, hers, "owner");
  source.join(source.createUser(), hers, "member");
  const membership = source.join(fired, other, "member");
  if (!own || !membership) throw new Error("the source refused the membership");
  source.tick();
  await poll();
  expect(await statusOf(fired.id)).toBe("active");
  return { hers, own, owner, fired, membership };
}

/** Eve's transaction stays open. */
async function hold(statement: string, params: unknown[] = []): Promise<void> {
  await eve.query("begin; set local role authenticated");
  await eve.query(statement, params);
}

test("a row of a deleted organization that is being written makes the deletion give way, and the sync goes on", async () => {
  const { hers, owner, fired, membership } = await clinics();
  await hold("insert into services values (1, $1, 'late')", [hers.id]);
  await requestDeletion({ sync: database.sync }, { orgId: hers.id, actor: owner.id });
  const deletion = deleteOrganization({ workos: server.workos, deletion: database.deletion }, hers.id).catch((error: unknown) => error);
  await expect.poll(async () => (await database.rows("select from pg_locks where not granted")).length, { interval: 5 }).toBeGreaterThan(0);
  source.updateMembership(membership, { status: "inactive" });
  source.tick();
  const since = performance.now();
  await poll();
  expect(performance.now() - since).toBeLessThan(3_000); // it gives way after half a second; a job's own patience is five
  expect(await statusOf(fired.id)).toBe("suspended");
  expect(await deletion).toMatchObject({ code: "busy" });
  await eve.query("rollback");
});

test("an organization's row that its owner holds is passed over, and its name comes later", async () => {
  const { hers, own, owner, fired, membership } = await clinics();
  await hold("select from organizations where id = $1 for update", [hers.id]);
  source.renameOrganization(hers);
  source.updateMembership(membership, { status: "inactive" });
  source.updateMembership(own, { status: "inactive" });
  source.tick();
  await poll();
  expect([await statusOf(fired.id), await statusOf(owner.id)]).toEqual(["suspended", "suspended"]);
  const name = async () => (await database.rows<{ name: string }>("select name from organizations where id = $1", [hers.id]))[0]?.name;
  expect(await name()).not.toBe(hers.name);
  await eve.query("rollback");
  await poll();
  expect(await name()).toBe(hers.name);
});

test("a sign-out waits neither for the sync's lock nor for what another change waits for", async () => {
  const { fired } = await clinics();
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  await holder.query("begin; select from tenancy.lock for update");
  await run((query) =>
    applyChanges(query, [{ kind: "session", id: "session_fired", at: new Date().toISOString(), event: FETCHED, deleted: false }]),
  );
  expect(await database.rows("select sid from auth.revoked_session")).toEqual([{ sid: "session_fired" }]);
  const renamed = {
    event: "user.updated",
    id: "event_1",
    createdAt: new Date().toISOString(),
    data: { id: fired.id, updatedAt: new Date().toISOString() },
  };
  const ended = {
    event: "session.revoked",
    id: "event_2",
    createdAt: new Date().toISOString(),
    data: { id: "session_other", updatedAt: new Date().toISOString() },
  };
  const page = applyEvents(database.sync, [renamed, ended] as never).catch((error: unknown) => error);
  await expect.poll(async () => (await database.rows("select from auth.revoked_session")).length).toBe(2);
  await holder.query("rollback");
  await holder.end();
  await page;
});

test("one change of a page that cannot be applied stops neither the others nor its own next try", async () => {
  const { hers, fired, membership } = await clinics();
  await database.owner.query(
    "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '55P03'; end $$; " +
      "create trigger refuse before update on organizations for each row execute function refuse()",
  );
  source.renameOrganization(hers);
  source.updateMembership(membership, { status: "inactive" });
  source.tick();
  await expect(poll()).rejects.toMatchObject({ code: "busy" });
  expect(await statusOf(fired.id)).toBe("suspended");
  await database.owner.query("drop trigger refuse on organizations; drop function refuse()");
  await poll();
  expect(await database.rows("select name from organizations where id = $1", [hers.id])).toEqual([{ name: hers.name }]);
});

test("a page that cannot be applied keeps none behind it from being applied, sign-outs included, and is tried again", async () => {
  const { hers, fired, membership, owner } = await clinics();
  await database.owner.query("alter table organizations add constraint short check (length(name) < 100)");
  hers.name = "x".repeat(200);
  source.renameOrganization(hers);
  for (let n = 0; n < 120; n++) source.createUser(); // the rest is on the next page
  source.updateMembership(membership, { status: "inactive" });
  source.revokeSession("session_fired", fired);
  source.tick();
  for (let tries = 0; tries < 2; tries++) await expect(poll()).rejects.toMatchObject({ code: "query_failed" });
  expect(await statusOf(fired.id)).toBe("suspended");
  expect(await database.rows("select sid from auth.revoked_session where sid = 'session_fired'")).toHaveLength(1);
  await database.owner.query("alter table organizations drop constraint short");
  expect(await poll()).toMatchObject({ reconciled: false });
  expect(await database.rows("select length(name) as n from organizations where id = $1", [hers.id])).toEqual([{ n: 201 }]);
  expect(await statusOf(owner.id)).toBe("active");
});

test("an invitation into an organization whose row is held waits alone; who asks for its deletion is told to ask again", async () => {
  const { hers, owner, fired, membership } = await clinics();
  await hold("select from organizations where id = $1 for update", [hers.id]);
  source.invite(hers, "member");
  source.updateMembership(membership, { status: "inactive" });
  source.tick();
  const since = performance.now();
  await poll();
  await expect(requestDeletion({ sync: database.sync }, { orgId: hers.id, actor: owner.id })).rejects.toMatchObject({ code: "busy" });
  expect(performance.now() - since).toBeLessThan(3_000);
  expect(await statusOf(fired.id)).toBe("suspended");
  expect(await database.rows("select from invitations")).toEqual([]);
  await eve.query("rollback");
  await poll();
  expect(await database.rows("select from invitations")).toHaveLength(1);
});

test("a change that cannot be applied keeps neither the first comparison from ending nor the cursor from beginning", async () => {
  const { hers, fired, membership } = await clinics();
  await database.owner.query(
    "truncate tenancy.cursor; update tenancy.lock set compared = null; alter table organizations add constraint short check (length(name) < 100)",
  );
  hers.name = "x".repeat(200);
  source.renameOrganization(hers);
  source.updateMembership(membership, { status: "inactive" });
  source.tick();
  await expect(poll()).rejects.toMatchObject({ code: "query_failed" });
  expect(await statusOf(fired.id)).toBe("suspended");
  const due = () =>
    database.rows(
      "select round(extract(epoch from reconciled + interval '1 day' - clock_timestamp()) / 60)::int as minutes from tenancy.cursor",
    );
  expect(await due()).toEqual([{ minutes: 10 }]);
  await database.owner.query("alter table organizations drop constraint short");
  await poll();
});

test("a database that is gone ends the poll at once: what failed for no reason of its own is not listed to the end", async () => {
  await clinics();
  for (let n = 0; n < 250; n++) source.createUser(); // three pages
  source.tick();
  const gone: RunJob = (work) =>
    database.sync((query) =>
      work((text, params) => {
        if (text.includes("tenancy.apply")) throw new TenancyError("unreachable");
        return query(text, params);
      }),
    );
  server.requests.length = 0;
  const polled = pollEvents({ workos: server.workos, run: gone, now: source.now, readsPerSecond: 1e6 });
  await expect(polled).rejects.toMatchObject({ code: "unreachable" });
  expect(server.requests.filter((path) => path.includes("/events"))).toHaveLength(1);
});

test("a role made weaker counts in every organization, whoever holds the row of another", async () => {
  const { hers, owner } = await clinics();
  await hold("select from organizations where id = $1 for update", [hers.id]);
  await database.owner.query("insert into tenancy.role (org_id, slug, patterns, declared) values ('', 'reader', '{meetings:*}', false)");
  const since = performance.now();
  await run((query) => query("select tenancy.mirror_memberships(array(select distinct org_id from memberships))"));
  expect(performance.now() - since).toBeLessThan(3_000);
  expect(await statusOf(owner.id)).toBe("active");
});

test("a name that Postgres cannot store stops nothing", async () => {
  const { owner, fired, membership } = await clinics();
  source.updateUser(owner, { email: "ana\u0000\ud800@example.com" });
  source.updateMembership(membership, { status: "inactive" });
  source.tick();
  await poll();
  expect(await statusOf(fired.id)).toBe("suspended");
});

test("late news of a removed membership stays late, whatever the deletion job says of the last comparison", async () => {
  for (const statement of ["update tenancy.lock set compared = '-infinity'", "insert into tenancy.lock values (true)"]) {
    await expect(
      database.deletion((query) => query(statement)),
      statement,
    ).rejects.toMatchObject({ code: "forbidden" });
  }
});

test("a deletion that is done is not reopened, and its archive neither read nor changed", async () => {
  await settle(database, { id: "org_stays", type: "clinic", members: { olga: "owner" } });
  await database.owner.query(
    `insert into tenancy.deletion (org_id, users, state) values ('org_before', '{}', 'done');
     insert into tenancy.archive (org_id, rel, row_key, content, keep_until) values ('org_before', 'public.records', '[1]', '{}', now() + interval '10 years')`,
  );
  const changed = async (statement: string) => await database.deletion(async (query) => (await query(statement)).rowCount);
  expect(await changed("update tenancy.deletion set state = 'archiving'")).toBe(0);
  expect(await changed("select content from tenancy.archive")).toBe(0);
  expect(await changed("update tenancy.archive set content = '{\"blank\": true}'")).toBe(0);
});
