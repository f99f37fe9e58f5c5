import { withUser } from "@rehome/sandbox";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { installGuard, installRoles, jobRole } from "./index.ts";
import { type Attacker, type GuardedDatabase, guardedDatabase } from "./testing/guarded-database.ts";

// Commands that need no ownership, and commands that lock a table before they ask whose it is.

let database: GuardedDatabase;
let login: Attacker;
beforeEach(async () => {
  database = await guardedDatabase();
  login = await database.connect();
});
afterEach(() => database.drop());

const policies = async () =>
  (
    await database.owner.query(
      "select polrelid::regclass::text as on, polname as name, array(select r::regrole::text from unnest(polroles) r order by 1) as roles from pg_policy order by 1, 2",
    )
  ).rows;
const withoutTrigger = () => database.owner.query("alter event trigger rehome_refuse_utility disable");

describe("DROP OWNED", () => {
  beforeEach(async () => {
    await installRoles(database.owner, { moverPassword: "m", loginPassword: "login", workerPassword: "worker", jobs: ["payouts"] });
    await database.owner.query(`create policy job on public.note for select to ${jobRole("payouts")} using (true)`);
    await database.owner.query(`create policy all_see on public.note for select to anonymous using (false)`);
    await database.owner.query(`grant select on public.note to ${jobRole("payouts")}, anonymous`);
    await installGuard(database.owner);
  });

  test.each([
    ["with the event trigger", () => {}],
    ["without it, as on a service that has none", withoutTrigger],
  ])("takes no policy and no right, %s", async (_, arrange) => {
    await arrange();
    const before = await policies();
    expect(before.flatMap(({ roles }) => roles)).toEqual(expect.arrayContaining(["authenticated", "anonymous", "rehome_job_payouts"]));
    for (const role of ["authenticated", "anonymous"]) {
      await login.client.query(`begin; set local role ${role}`);
      expect(await login.q("drop owned by current_user")).toBe("42501");
      expect(await login.q("drop owned by current_user cascade")).toBe("25P02");
      await login.client.query("commit");
    }
    const worker = new pg.Client({ connectionString: withUser(database.url, "rehome_worker", "worker") });
    await worker.connect();
    await worker.query("set role rehome_job_payouts");
    await expect(worker.query("drop owned by rehome_job_payouts")).rejects.toMatchObject({ code: "42501" });
    await worker.end();
    expect(await policies()).toEqual(before);
    await login.tx(async () => {
      await login.init(database.issuer.token());
      expect(await login.q("select count(*)::int from note")).toBe(500);
    });
  });

  test("is given up by a role that inherits another, too: what counts is a right of its own", async () => {
    await database.owner.query(
      `create role of_${process.pid}_heir noinherit; grant authenticated to of_${process.pid}_heir with inherit true`,
    );
    await database.owner.query(`create policy heir on public.note for select to of_${process.pid}_heir using (true)`);
    await installGuard(database.owner);
    await withoutTrigger();
    const heir = await database.superuser();
    await heir.query(`set session authorization of_${process.pid}_heir`);
    await expect(heir.query("drop owned by current_user")).rejects.toMatchObject({ code: "42501" });
    await database.owner.query(`drop policy heir on public.note; revoke all on auth.drop_owned_stop from of_${process.pid}_heir`);
    await database.owner.query(`drop owned by of_${process.pid}_heir; drop role of_${process.pid}_heir`);
  });

  test("is what this test is about: without the right on a column it takes the policies of everybody", async () => {
    await withoutTrigger();
    await database.owner.query("revoke all on auth.drop_owned_stop from authenticated");
    await login.client.query("begin; set local role authenticated");
    expect(await login.q("drop owned by current_user")).not.toBe("42501");
    await login.client.query("commit");
    expect((await policies()).flatMap(({ roles }) => roles)).not.toContain("authenticated");
  });
});

const LOCKING = [
  "create rule r as on select to auth.jwk do instead nothing",
  "create rule r as on insert to auth.revoked_session do nothing",
  "create rule r as on insert to auth.revocation do nothing",
  "create rule r as on insert to public.memberships do nothing",
  "create rule r as on insert to pg_catalog.pg_authid do nothing",
  "create trigger t before insert on public.memberships for each row execute function suppress_redundant_updates_trigger()",
  "comment on table public.memberships is 'mine'",
  "create statistics s on org_id, workos_user_id from public.memberships",
  "grant select on public.memberships to anonymous",
  "alter default privileges grant all on tables to public",
  "create temp table shadow (a int)",
  "alter table public.note disable row level security",
  "drop function auth.org_id()",
];

describe("commands that lock before they ask", () => {
  test.each(LOCKING)("refused before any lock: %s", async (command) => {
    const holder = await database.superuser();
    await holder.query("begin; lock table auth.jwk, auth.revoked_session, auth.revocation, public.memberships in access share mode");
    for (const role of ["none", "authenticated", "anonymous"]) {
      await login.client.query(`begin; set local role ${role}; set local lock_timeout = '2s'`);
      expect(await login.q(command)).toBe("42501"); // and not 55P03
      await login.client.query("rollback");
    }
  });

  test("nobody waits because of them: people bind, are revoked and log in while one is tried", async () => {
    const [one, two] = [await database.connect(), await database.connect()];
    await one.client.query("begin; set local role authenticated");
    await one.init(database.issuer.token());
    expect(await one.q("select auth.org_id()")).toBe("org_01A"); // from now on this transaction holds the tables it read
    await two.client.query("begin; set local role authenticated");
    for (const command of LOCKING.slice(0, 5)) {
      await two.client.query("savepoint s");
      expect(await two.q(command)).toBe("42501");
      await two.client.query("rollback to s");
    }
    await database.owner.query("set lock_timeout = '2s'; update memberships set status = 'suspended' where workos_user_id = 'user_01A'");
    await database.owner.query("select auth.revoke_session('session_01A'); reset lock_timeout");
    expect(await one.q("select auth.org_id()")).toBeNull();
    expect(await (await database.connect()).q("select 1")).toBe(1);
  });

  test("is what this test is about: without the event trigger the same command waits, and everybody behind it", async () => {
    await withoutTrigger();
    const holder = await database.superuser();
    await holder.query("begin; lock table public.memberships in access share mode");
    await login.client.query("begin; set local role anonymous; set local lock_timeout = '200ms'");
    expect(await login.q("create rule r as on insert to public.memberships do nothing")).toBe("55P03");
  });

  test("a statement that is only prepared holds a table, too, and keeps neither the keeper nor an upgrade waiting", async () => {
    await login.client.query("begin; set local role anonymous");
    for (const table of ["seal_key", "version", "revocation", "revoked_session", "issuer", "jwk", "key_request"]) {
      expect(await login.q(`prepare of_${table} as delete from auth.${table}`)).toBeUndefined(); // no right is asked for before it is executed
    }
    await database.owner.query("set lock_timeout = '2s'");
    await database.owner.query("select auth.keep(), auth.rotate_seal_key()");
    await database.owner.query("select auth.revoke_session('session_01A')");
    expect(await installGuard(database.owner)).toMatchObject({ utilityRefused: true });
  });

  test("cannot be had by switching it off", async () => {
    expect(await login.q("set event_triggers = off")).toMatch(/^(42501|42704)$/); // Postgres 16 does not know it
    expect(await login.q("set session_replication_role = replica")).toBe("42501");
    expect(await login.q("alter event trigger rehome_refuse_utility disable")).toBe("42501");
    expect(await login.q("drop event trigger rehome_refuse_utility")).toBe("42501");
  });

  test("go on for the owner, for a superuser and for a login that is not the product's", async () => {
    await database.owner.query("create table public.more (id int); drop table public.more");
    await database.owner.query("set role rehome_owner; create table public.more (id int); comment on table public.more is 'x'; reset role");
    const mover = new pg.Client({ connectionString: withUser(database.url, "rehome_mover", "mover") });
    await mover.connect();
    await expect(mover.query("comment on table public.more is 'y'")).rejects.toMatchObject({ message: expect.stringContaining("owner") });
    await mover.end();
  });
});
