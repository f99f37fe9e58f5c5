import { createHmac } from "node:crypto";
import type { Event, User } from "@workos-inc/node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { applyEvents } from "./apply.ts";
import { deleteOrganization, erasePerson, requestDeletion } from "./deletion.ts";
import { foundOrganization } from "./found.ts";
import { inviteMember } from "./invitations.ts";
import { ensurePersonalOrganization } from "./personal.ts";
import { pollEvents } from "./poll.ts";
import { reconcile } from "./reconcile.ts";
import type { RunJob } from "./run.ts";
import { type AsPerson, guardedPeople } from "./testing/as-person.ts";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { empty } from "./testing/people.ts";
import { type TestWorkos, testWorkos } from "./testing/twin.ts";
import { transferOwnership } from "./transfer.ts";

let database: OrganizationsDatabase;
let workos: TestWorkos;
let as: AsPerson;
beforeAll(async () => {
  [database, workos] = await Promise.all([organizationsDatabase(), testWorkos()]);
  as = await guardedPeople(database);
});
afterAll(async () => {
  await workos?.stop();
  await database?.drop();
});

const parts = () => ({ workos: workos.workos, sync: database.sync, claim: database.claim, deletion: database.deletion });

let ana: User;
let home: string;
let clinic: string;
let olga: string;

/** Ana, who has a practice of her own, works in Olga's clinic too, and is invited into a third organization. */
beforeEach(async () => {
  await empty(database);
  ana = await workos.createUser(`Ana.${crypto.randomUUID()}@example.com`);
  const run = database.sync;
  const person = await workos.createUser(`olga.${crypto.randomUUID()}@example.com`);
  olga = person.id;
  home = await ensurePersonalOrganization({ workos: workos.workos, run }, { user: ana, name: "Ana" });
  await ensurePersonalOrganization({ workos: workos.workos, run }, { user: person, name: "Olga" });
  clinic = await clinicOf({ [olga]: "owner", [ana.id]: "member" });
  await database.owner.query(
    "insert into profiles (org_id, workos_user_id, bio) values ($1, $2, 'Ana at home'), ($3, $2, 'Ana in the clinic'), ($3, $4, 'Olga')",
    [home, ana.id, clinic, olga],
  );
});

async function clinicOf(members: Record<string, string>): Promise<string> {
  const { id: organizationId } = await workos.workos.organizations.createOrganization({ name: "Clinic", metadata: { type: "clinic" } });
  for (const [userId, roleSlug] of Object.entries(members)) {
    await workos.workos.userManagement.createOrganizationMembership({ organizationId, userId, roleSlug });
  }
  await reconcile({ workos: workos.workos, run: database.sync });
  return organizationId;
}

const ask = () => requestDeletion(parts(), { orgId: home, actor: ana.id, erasePeople: true });
const bios = async () => (await database.rows<{ bio: string }>("select bio from profiles order by bio")).map(({ bio }) => bio);

/** Tables in which a text stands somewhere in a row; read by a superuser. */
async function saying(text: string): Promise<string[]> {
  const tables = await database.rows<{ name: string }>(
    "select oid::regclass::text as name from pg_class where relkind in ('r', 'p') and relnamespace in ('public'::regnamespace, 'tenancy'::regnamespace)",
  );
  expect(tables.length).toBeGreaterThan(20);
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await database.rows(`select from ${name} t where row_to_json(t)::text ilike '%' || $1 || '%' limit 1`, [text]);
    if (rows.length > 0) found.push(name);
  }
  return found.sort();
}

/** The deletion job of a process that dies when only WorkOS is left. */
function dyingAtWorkos(): RunJob {
  return async (work) => {
    const left = await database.rows("select from organizations where id = $1", [home]);
    if (left.length === 0) throw new Error("the process died");
    return await database.deletion(work);
  };
}

describe("a person is erased (R60)", () => {
  test("no row in any organization is left that names her where the product said so, nobody else's goes, and WorkOS forgets her", async () => {
    await ask();
    await deleteOrganization(parts(), home);
    expect(await bios()).toEqual(["Olga"]);
    expect(await saying(ana.email)).toEqual([]);
    await expect(workos.workos.userManagement.getUser(ana.id)).rejects.toMatchObject({ status: 404 });
    await pollEvents({ workos: workos.workos, run: database.sync });
    expect(await database.rows("select workos_user_id as who from memberships where org_id = $1", [clinic])).toEqual([{ who: olga }]);
  });

  test("from the request on she has access nowhere", async () => {
    const inClinic = () => as({ user: ana.id, org: clinic }, async (query) => (await query("select auth.org_id() as org")).rows);
    expect(await inClinic()).toEqual([{ org: clinic }]);
    await ask();
    expect(await inClinic()).toEqual([{ org: null }]);
    const olgas = await as({ user: olga, org: clinic }, async (query) => (await query("select auth.org_id() as org")).rows);
    expect(olgas).toEqual([{ org: clinic }]);
  });

  test("invitations to her address keep none, end, and no event and no comparison brings it back", async () => {
    const run = database.sync;
    const other = await clinicOf({ [olga]: "owner" });
    const invited = await inviteMember(
      { workos: workos.workos, run },
      { orgId: other, email: ana.email.toUpperCase(), roleSlug: "member", inviterUserId: olga },
    );
    expect(await saying(ana.email)).toEqual(["invitations", "tenancy.object", "users"]);
    await ask();
    expect(await saying(ana.email)).toEqual(["tenancy.deletion", "tenancy.object", "users"]);
    expect(await database.rows("select kind from tenancy.object where state::text ilike '%' || $1 || '%'", [ana.email])).toEqual([
      { kind: "user" },
    ]);
    const kept = () => database.rows("select id, email, status, role_slug as role from invitations");
    expect(await kept()).toEqual([{ id: invited.id, email: "", status: "revoked", role: "member" }]);

    await deleteOrganization(parts(), home);
    expect((await workos.workos.userManagement.getInvitation(invited.id)).state).toBe("revoked");
    await pollEvents({ workos: workos.workos, run });
    await reconcile({ workos: workos.workos, run });
    expect(await kept()).toEqual([{ id: invited.id, email: "", status: "revoked", role: "member" }]);
    expect(await saying(ana.email)).toEqual([]);
  });

  test("whoever owns an organization of others is refused, and nothing has changed", async () => {
    await clinicOf({ [ana.id]: "owner", [olga]: "member" });
    const before = await database.rows("select * from memberships order by id");
    await expect(ask()).rejects.toMatchObject({ code: "last_owner" });
    expect(await database.rows("select * from memberships order by id")).toEqual(before);
    expect(await database.rows("select from tenancy.deletion")).toEqual([]);
  });

  test("an organization that is not the asking person's home erases nobody", async () => {
    for (const orgId of [clinic, home])
      await expect(requestDeletion(parts(), { orgId, actor: olga, erasePeople: true })).rejects.toMatchObject({ code: "not_owner" });
    expect(await database.rows("select from tenancy.deletion")).toEqual([]);
    expect(await bios()).toEqual(["Ana at home", "Ana in the clinic", "Olga"]);
  });

  test("after a deletion without erasure it says that it cannot, instead of doing nothing", async () => {
    await requestDeletion(parts(), { orgId: home, actor: ana.id });
    await expect(erasePerson(parts(), { userId: ana.id, orgId: home })).rejects.toMatchObject({ code: "organization_gone" });
    await deleteOrganization(parts(), home);
    await expect(ask()).rejects.toMatchObject({ code: "organization_gone" });
  });

  test("an address that was not proved ends nobody's invitation", async () => {
    const victim = `victim.${crypto.randomUUID()}@example.com`;
    const run = database.sync;
    const { id } = await inviteMember(
      { workos: workos.workos, run },
      { orgId: clinic, email: victim, roleSlug: "member", inviterUserId: olga },
    );
    const mallory = await workos.createUser(victim, false);
    const hers = await ensurePersonalOrganization({ workos: workos.workos, run }, { user: mallory, name: "M" });
    await erasePerson(parts(), { userId: mallory.id, orgId: hers });
    expect(await database.rows("select email, status from invitations where id = $1", [id])).toEqual([
      { email: victim, status: "pending" },
    ]);
    expect((await workos.workos.userManagement.getInvitation(id)).state).toBe("pending");
  });

  test("whoever signs in or is invited once more while it goes on leaves nothing", async () => {
    const run = database.sync;
    await ask();
    const other = await clinicOf({ [olga]: "owner" });
    await inviteMember({ workos: workos.workos, run }, { orgId: other, email: ana.email, roleSlug: "member", inviterUserId: olga });
    expect(await database.rows("select from invitations where lower(email) = lower($1)", [ana.email])).toEqual([]);
    const breaking = { ...parts(), deletion: dyingAtWorkos() };
    await expect(deleteOrganization(breaking, home)).rejects.toThrow("the process died");
    await workos.workos.organizations.deleteOrganization(home); // so far it came there
    const signIn = ensurePersonalOrganization({ workos: workos.workos, run }, { user: ana, name: "Ana again" });
    await expect(signIn).rejects.toMatchObject({ code: "organization_gone" });
    await workos.workos.organizations.createOrganization({
      name: "Ana again",
      externalId: `personal:${ana.id}`,
      metadata: { type: "patient_personal" },
    });
    await pollEvents({ workos: workos.workos, run });
    expect(await saying("Ana again")).toEqual(["tenancy.object"]);
    await deleteOrganization(parts(), home);
    await expect(workos.workos.organizations.getOrganizationByExternalId(`personal:${ana.id}`)).rejects.toMatchObject({ status: 404 });
    await pollEvents({ workos: workos.workos, run });
    await reconcile({ workos: workos.workos, run });
    for (const text of [ana.email, "Ana again"]) expect(await saying(text), text).toEqual([]);
    expect(await database.rows("select from users where workos_user_id = $1", [ana.id])).toEqual([]);
  });

  test("the hash of an address is HMAC-SHA-256 under the drawn key, and matches however the address is written", async () => {
    const [row] = await database.rows<{ key: Buffer; hash: Buffer; same: boolean }>(
      `select substr(inner_pad, 1, 32) as key, tenancy.address_hash(E' Ana@Example.COM\\n') as hash,
              tenancy.address_hash('ana@example.com') = tenancy.address_hash('ANA@example.com') as same from tenancy.address_key`,
    );
    const key = Buffer.from((row?.key ?? []).map((byte) => byte ^ 0x36));
    expect(row?.hash.toString("hex")).toBe(createHmac("sha256", key).update("ana@example.com").digest("hex"));
    expect([row?.same, new Set(key).size > 8]).toEqual([true, true]);
  });

  test("nobody but the sync has the addresses of a deletion written: the job that deletes cannot", async () => {
    await ask();
    const statement = "update tenancy.deletion set addresses = '{victim@example.com}'";
    await expect(database.deletion((query) => query(statement))).rejects.toMatchObject({ code: "forbidden" });
    await deleteOrganization(parts(), home);
    expect(await database.rows("select addresses from tenancy.deletion")).toEqual([{ addresses: [] }]);
  });

  test("a row that refers to hers stops it, and the error names both", async () => {
    await database.owner.query("create table awards (id int primary key, profile_id int references profiles)");
    await database.owner.query("insert into awards select 1, id from profiles where bio = 'Ana in the clinic'");
    await ask();
    const stopped = deleteOrganization(parts(), home);
    await expect(stopped).rejects.toMatchObject({ code: "still_referenced", table: "awards", constraint: "awards_profile_id_fkey" });
    await database.owner.query("drop table awards");
    await deleteOrganization(parts(), home);
    expect(await bios()).toEqual(["Olga"]);
  });

  test("a row that somebody changes just then is taken by the next step, not passed over", async () => {
    await ask();
    const holder = await database.workers.connect();
    await database.owner.query("begin; update profiles set bio = 'Ana, edited' where bio = 'Ana in the clinic'");
    const done = deleteOrganization(parts(), home);
    const waits = async () => (await holder.query("select from pg_locks where not granted")).rowCount;
    await expect.poll(waits, { timeout: 20_000 }).toBeGreaterThan(0);
    await database.owner.query("commit");
    holder.release();
    await done;
    expect(await bios()).toEqual(["Olga"]);
  });

  test("without erasure the person stays, and what she made elsewhere", async () => {
    await requestDeletion(parts(), { orgId: home, actor: ana.id });
    await deleteOrganization(parts(), home);
    expect(await bios()).toEqual(["Ana in the clinic", "Olga"]);
    expect((await workos.workos.userManagement.getUser(ana.id)).id).toBe(ana.id);
  });

  test("the deletion job sees and deletes rows of hers, and of nobody else, in other organizations", async () => {
    const seen = () =>
      database.deletion(async (query) => (await query<{ bio: string }>("delete from profiles returning bio")).rows.map(({ bio }) => bio));
    expect(await seen()).toEqual([]);
    await ask();
    expect((await seen()).sort()).toEqual(["Ana at home", "Ana in the clinic"]);
    expect(await bios()).toEqual(["Olga"]);
  });
});

describe("erasePerson", () => {
  const forget = (person = ana, orgId = home, more = {}) => erasePerson(parts(), { userId: person.id, orgId, ...more });
  const told = async () => {
    await pollEvents({ workos: workos.workos, run: database.sync });
    await reconcile({ workos: workos.workos, run: database.sync });
  };
  const invite = async (email: string) =>
    await workos.workos.userManagement.sendInvitation({ email, organizationId: await clinicOf({ [olga]: "owner" }) });

  test("knows of the address what WorkOS knows: verified a moment ago, or changed", async () => {
    const lena = await workos.createUser(`lena.${crypto.randomUUID()}@example.com`, false);
    const hers = await ensurePersonalOrganization({ workos: workos.workos, run: database.sync }, { user: lena, name: "Lena" });
    const changed = `lena.changed.${crypto.randomUUID()}@example.com`;
    await invite(lena.email);
    await invite(changed);
    await told();
    await workos.workos.userManagement.updateUser({ userId: lena.id, emailVerified: true });
    await pollEvents({ workos: workos.workos, run: database.sync });
    await workos.workos.userManagement.updateUser({ userId: lena.id, email: changed, emailVerified: true });
    await forget(lena, hers);
    await told();
    expect([await saying(lena.email), await saying(changed)]).toEqual([[], []]);
  });

  test.each(["pending", "accepted", "revoked"])(
    "an invitation that WorkOS made before and tells of after, %s by then, brings no address, however often it is told",
    async (state) => {
      const { id } = await invite(ana.email);
      if (state === "accepted") await workos.workos.userManagement.acceptInvitation(id).catch(() => undefined);
      if (state === "revoked") await workos.workos.userManagement.revokeInvitation(id);
      await forget();
      expect(await saying(ana.email)).toEqual([]);
      for (let i = 0; i < 2; i++) {
        await told();
        expect(await saying(ana.email)).toEqual([]);
      }
    },
  );

  test("addresses that the product proved are forgotten, too, and what was left under them is taken over before", async () => {
    const second = `second.${crypto.randomUUID()}@example.com`;
    await invite(second);
    await told();
    await database.owner.query("insert into organizations (id, type, tier, claimed) values ('guest_2', 'patient_personal', 'free', false)");
    await database.owner.query("insert into guests (org_id, email_key, email) values ('guest_2', $1, $1)", [second]);
    await forget(ana, home, { addresses: [second.toUpperCase()] });
    await told();
    expect(await saying(second)).toEqual([]);
    expect(await database.rows("select from organizations where id = 'guest_2'")).toEqual([]);
  });

  test("whoever comes back under the address later is a new person: invitations of then are kept", async () => {
    await forget();
    await database.owner.query("update tenancy.erased_address set at = at - interval '6 minutes'");
    const { id } = await invite(ana.email);
    await told();
    expect(await database.rows("select id, email, status from invitations where id = $1", [id])).toEqual([
      { id, email: ana.email, status: "pending" },
    ]);
    const again = await workos.createUser(ana.email);
    const other = await ensurePersonalOrganization({ workos: workos.workos, run: database.sync }, { user: again, name: "Ana" });
    expect(other).not.toBe(home);
  });

  test("a practice that nobody else was ever in goes with the home, and at WorkOS", async () => {
    const sync = { workos: workos.workos, run: database.sync };
    const practice = await foundOrganization(sync, { user: ana, type: "expert_individual", name: "Dr Ana Unforgotten" });
    await database.owner.query("insert into services values (7, $1, 'Consultation')", [practice]);
    await forget();
    await told();
    expect(await database.rows("select org_id, state, part_of from tenancy.deletion order by part_of nulls last")).toEqual([
      { org_id: practice, state: "done", part_of: home },
      { org_id: home, state: "done", part_of: null },
    ]);
    for (const id of [practice, home]) {
      await expect(workos.workos.organizations.getOrganization(id)).rejects.toMatchObject({ status: 404 });
      expect(await database.rows("select id from organizations where id = $1", [id])).toEqual([]);
    }
    expect(await database.rows("select from services")).toEqual([]);
    expect(await saying("Unforgotten")).toEqual([]);
    expect(await database.rows("select from tenancy.owner where user_id = $1", [ana.id])).toEqual([]);
  });

  test.each(["is", "was", "is suspended"])(
    "an organization of hers in which somebody else %s a member stops it until it is handed on",
    async (how) => {
      const grown = await clinicOf({ [ana.id]: "owner", [olga]: "member" });
      const { data } = await workos.workos.userManagement.listOrganizationMemberships({ organizationId: grown, userId: olga });
      const id = data[0]?.id ?? "";
      if (how === "was") await workos.workos.userManagement.deleteOrganizationMembership(id);
      if (how === "is suspended") await workos.workos.userManagement.deactivateOrganizationMembership(id);
      await told();
      await database.owner.query("insert into services values (8, $1, 'of Olga')", [grown]);
      await expect(forget()).rejects.toMatchObject({ code: "last_owner" });
      expect(await database.rows("select from tenancy.deletion")).toEqual([]);
      expect(await database.rows("select name from services")).toEqual([{ name: "of Olga" }]);
      if (how !== "is") return;
      await transferOwnership({ workos: workos.workos, run: database.sync }, { orgId: grown, from: ana.id, to: olga });
      await forget();
      await told();
      expect(await database.rows("select name from services")).toEqual([{ name: "of Olga" }]);
      expect(await database.rows("select workos_user_id as who, role_slug as role from memberships where org_id = $1", [grown])).toEqual([
        { who: olga, role: "owner" },
      ]);
    },
  );

  test("somebody who joined her clinic a moment ago, of which the mirror has not heard, stops it", async () => {
    const grown = await clinicOf({ [ana.id]: "owner" });
    await workos.workos.userManagement.createOrganizationMembership({ organizationId: grown, userId: olga, roleSlug: "member" });
    await expect(forget()).rejects.toMatchObject({ code: "last_owner" });
    expect(await database.rows("select from tenancy.deletion")).toEqual([]);
  });

  test("an organization that still has the key she founded it with, and is somebody else's by now, stays at WorkOS", async () => {
    const sync = { workos: workos.workos, run: database.sync };
    const grown = await foundOrganization(sync, { user: ana, type: "clinic", name: "Clinic" });
    await workos.workos.userManagement.createOrganizationMembership({ organizationId: grown, userId: olga, roleSlug: "member" });
    await told();
    await transferOwnership(sync, { orgId: grown, from: ana.id, to: olga });
    // As if the process had died before it dropped the key; and the buyer is gone since.
    await workos.workos.organizations.updateOrganization({ organization: grown, externalId: `founded:clinic:${ana.id}` });
    const { data } = await workos.workos.userManagement.listOrganizationMemberships({ organizationId: grown, userId: olga });
    await workos.workos.userManagement.deleteOrganizationMembership(data[0]?.id ?? "");
    await told();
    await forget();
    expect((await workos.workos.organizations.getOrganization(grown)).id).toBe(grown);
    expect(await database.rows("select id from organizations where id = $1", [grown])).toEqual([{ id: grown }]);
  });

  test("what founding was making at WorkOS meanwhile goes, and has no row here", async () => {
    const key = `founded:expert_individual:${ana.id}`;
    const late = await workos.workos.organizations.createOrganization({
      name: "Late Ana",
      externalId: key,
      metadata: { type: "expert_individual" },
    });
    await workos.workos.userManagement.createOrganizationMembership({ organizationId: late.id, userId: ana.id, roleSlug: "owner" });
    await ask();
    await expect(
      foundOrganization({ workos: workos.workos, run: database.sync }, { user: ana, type: "expert_individual", name: "Late" }),
    ).rejects.toMatchObject({ code: "organization_gone" });
    await pollEvents({ workos: workos.workos, run: database.sync });
    expect(await database.rows("select from organizations where id = $1", [late.id])).toEqual([]);
    await deleteOrganization(parts(), home);
    await expect(workos.workos.organizations.getOrganization(late.id)).rejects.toMatchObject({ status: 404 });
    await told();
    expect(await saying("Late Ana")).toEqual([]);
  });

  const guest = async () => {
    await database.owner.query("insert into organizations (id, type, tier, claimed) values ('guest_1', 'patient_personal', 'free', false)");
    await database.owner.query("insert into guests (org_id, email_key, email) values ('guest_1', $1, $1)", [ana.email.toLowerCase()]);
    await database.owner.query("insert into services values (1, $1, 'Consultation')", [clinic]);
    await database.owner.query("insert into meetings values (1, $1, 'guest_1', 1, $2, 'pain', 5000)", [clinic, ana.email]);
  };

  test("forgets what she left as a guest too; its process may die at any point", async () => {
    await guest();
    let left = 0;
    const dying =
      (run: RunJob): RunJob =>
      async (work) => {
        if (left-- === 0) throw new Error("the process died");
        return await run(work);
      };
    const mortal = { ...parts(), sync: dying(database.sync), claim: dying(database.claim), deletion: dying(database.deletion) };
    let deaths = 0;
    for (; ; deaths++) {
      left = 1 + deaths;
      try {
        await erasePerson(mortal, { userId: ana.id, orgId: home }, { batchRows: 1 });
        break;
      } catch (error) {
        if ((error as Error).message !== "the process died" || deaths > 100) throw error;
      }
    }
    expect(deaths).toBeGreaterThan(3);
    expect(await saying(ana.email)).toEqual([]);
    expect(await bios()).toEqual(["Olga"]);
    // The appointment was the clinic's, and went with its patient as nothing was said of its release.
    expect(await database.rows("select rel from tenancy.archive")).toEqual([{ rel: "public.meetings" }]);
    await erasePerson(parts(), { userId: ana.id, orgId: home }); // again changes nothing
    expect(await bios()).toEqual(["Olga"]);
  });

  test("of somebody who was moved, and never synced, late events bring neither address nor name back", async () => {
    const user = await workos.createUser(`moved.${crypto.randomUUID()}@example.com`);
    const { id: orgId } = await workos.workos.organizations.createOrganization({
      name: `Home of ${user.email}`,
      externalId: `old_${user.id}`,
      metadata: { type: "patient_personal" },
    });
    const people = workos.workos.userManagement;
    const { id } = await people.createOrganizationMembership({ organizationId: orgId, userId: user.id, roleSlug: "owner" });
    const organization = await workos.workos.organizations.getOrganization(orgId);
    const invitation = await people.sendInvitation({ email: `lee.${user.email}`, organizationId: orgId });
    await database.owner.query("insert into organizations (id, type, tier) values ($1, 'patient_personal', 'free')", [orgId]);
    await database.owner.query("insert into users (org_id, workos_user_id, email, email_verified) values ($1, $2, $3, true)", [
      orgId,
      user.id,
      user.email,
    ]);
    await database.owner.query(
      "insert into memberships (org_id, workos_user_id, id, role_slug, status) values ($1, $2, $3, 'owner', 'active')",
      [orgId, user.id, id],
    );
    await erasePerson(parts(), { userId: user.id, orgId });
    const late = [
      { event: "user.updated", data: user },
      { event: "organization.updated", data: organization },
      { event: "invitation.created", data: invitation },
    ];
    const at = new Date().toISOString();
    await applyEvents(database.sync, late.map((one, i) => ({ ...one, id: `event_${i}`, createdAt: at })) as unknown as Event[]);
    expect(await saying(user.email)).toEqual([]);
  });

  test("takes no guest's rows for an address that was not proved", async () => {
    await workos.workos.userManagement.updateUser({ userId: ana.id, emailVerified: false });
    await guest();
    await erasePerson(parts(), { userId: ana.id, orgId: home });
    expect(await database.rows("select patient_org_id as p from meetings")).toEqual([{ p: "guest_1" }]);
  });
});
