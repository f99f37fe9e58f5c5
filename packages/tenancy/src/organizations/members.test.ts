import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { applyChanges } from "./apply.ts";
import { foundOrganization } from "./found.ts";
import { hasOwnFeature, listMyOrganizations, switchOrganization } from "./members.ts";
import { changeOrganizationType, leaveOrganization } from "./ownership.ts";
import { type AsPerson, guardedPeople } from "./testing/as-person.ts";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { empty, settle } from "./testing/people.ts";
import { type TestWorkos, testWorkos } from "./testing/twin.ts";
import { pushTransfers, transferOwnership } from "./transfer.ts";

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
beforeEach(() => empty(database));

const roles = (org: string) =>
  database.rows("select workos_user_id as who, role_slug as role, status from memberships where org_id = $1 order by 1", [org]);

describe("a solo organization (R61)", () => {
  const join = (client: { query: pg.Client["query"] }, org: string, user: string, status = "active") =>
    client.query("insert into memberships (org_id, workos_user_id, id, role_slug, status) values ($1, $2, 'om_' || $2, 'member', $3)", [
      org,
      user,
      status,
    ]);

  test("refuses a second active member, not a suspended one", async () => {
    await settle(database, { id: "org_p", type: "patient_personal", members: { ana: "owner" } });
    await expect(join(database.owner, "org_p", "bea")).rejects.toMatchObject({ code: "RO002" });
    await join(database.owner, "org_p", "bea", "suspended");
    await expect(database.owner.query("update memberships set status = 'active'")).rejects.toMatchObject({ code: "RO002" });
    const both = database.owner.query(
      "insert into memberships (org_id, workos_user_id, id, role_slug, status) values ('org_p', 'x', 'om_x', 'member', 'active'), ('org_p', 'y', 'om_y', 'member', 'active')",
    );
    await expect(both).rejects.toMatchObject({ code: "RO002" });
  });

  test("of ten that join an empty one at the same moment, one is in", async () => {
    await settle(database, { id: "org_p", type: "patient_personal", members: {} });
    const clients = await Promise.all(Array.from({ length: 10 }, connect));
    await Promise.all(clients.map((client) => client.query("begin; set local role rehome_job_sync")));
    const outcomes = await Promise.allSettled(
      clients.map(async (client, n) => {
        await join(client, "org_p", `user_${n}`);
        await client.query("commit");
      }),
    );
    await Promise.all(clients.map((client) => client.end()));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await roles("org_p")).toHaveLength(1);
  });

  test("a clinic with two members becomes none; a practice cannot skip the declared way", async () => {
    await settle(
      database,
      { id: "org_c", type: "clinic", members: { ana: "owner", bea: "member" } },
      { id: "org_p", type: "patient_personal", members: {} },
    );
    await expect(
      database.owner.query("update organizations set type = 'expert_individual', tier = 'free' where id = 'org_c'"),
    ).rejects.toMatchObject({ code: "RO006" });
    await expect(
      database.owner.query("update organizations set type = 'clinic', tier = 'clinic' where id = 'org_p'"),
    ).rejects.toMatchObject({ code: "RO006" });
    await expect(database.owner.query("update organizations set tier = 'enterprise' where id = 'org_p'")).rejects.toMatchObject({
      code: "RO006",
    });
  });

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: database.url });
    client.on("error", () => {});
    await client.connect();
    return client;
  }
});

describe("ownership", () => {
  /** A clinic at WorkOS and here. */
  async function clinic() {
    const people = [];
    for (const name of ["ana", "bea", "cara"]) people.push(await workos.createUser(`${name}.${crypto.randomUUID()}@example.com`));
    const [ana, bea, cara] = people.map(({ id }) => id) as [string, string, string];
    const organization = await workos.workos.organizations.createOrganization({ name: "Clinic", metadata: { type: "clinic" } });
    await settle(database, { id: organization.id, type: "clinic", members: {} });
    for (const [userId, roleSlug] of [
      [ana, "owner"],
      [bea, "member"],
      [cara, "member"],
    ] as const) {
      const membership = await workos.workos.userManagement.createOrganizationMembership({
        organizationId: organization.id,
        userId,
        roleSlug,
      });
      await database.sync((query) =>
        applyChanges(query, [
          {
            kind: "user",
            id: userId,
            at: new Date().toISOString(),
            event: "~",
            deleted: false,
            state: { email: "x@example.com", email_verified: true },
          },
          {
            kind: "membership",
            id: membership.id,
            at: membership.updatedAt,
            event: "~",
            deleted: false,
            org_id: organization.id,
            user_id: userId,
            state: { status: "active", roles: [roleSlug], created: membership.createdAt },
          },
        ]),
      );
    }
    return { orgId: organization.id, ana, bea, cara };
  }
  const roleAtWorkos = async (organizationId: string, userId: string) =>
    (await workos.workos.userManagement.listOrganizationMemberships({ organizationId, userId })).data[0]?.role.slug;

  test("is transferred here and at WorkOS; permissions follow", async () => {
    const { orgId, ana, bea, cara } = await clinic();
    await transferOwnership({ workos: workos.workos, run: database.sync }, { orgId, from: ana, to: bea });
    expect(Object.fromEntries((await roles(orgId)).map(({ who, role }) => [who, role]))).toEqual({
      [ana]: "admin",
      [bea]: "owner",
      [cara]: "member",
    });
    expect([await roleAtWorkos(orgId, ana), await roleAtWorkos(orgId, bea)]).toEqual(["admin", "owner"]);
    expect(
      await database.rows("select cardinality(permissions) as n from memberships where org_id = $1 and role_slug = 'owner'", [orgId]),
    ).toEqual([{ n: 18 }]);
    expect(await database.rows("select from tenancy.transfer")).toEqual([]);
  });

  test("only by the owner, only to an active member", async () => {
    const { orgId, ana, bea, cara } = await clinic();
    const transfer = (from: string, to: string) => transferOwnership({ workos: workos.workos, run: database.sync }, { orgId, from, to });
    await expect(transfer(bea, cara)).rejects.toMatchObject({ code: "not_owner" });
    await expect(transfer(ana, "user_stranger")).rejects.toMatchObject({ code: "not_a_member" });
  });

  test.each([1, 2])("a process that dies before WorkOS's answer %d: one owner all along, and the loop ends it", async (cut) => {
    const { orgId, ana, bea } = await clinic();
    const pattern = { method: "PUT", pathPattern: "organization_memberships/", kind: "reset_before" };
    if (cut === 2) await workos.admin.call("POST", "faults", { ...pattern, kind: "latency", latencyMs: 1, times: 1 });
    await workos.admin.call("POST", "faults", { ...pattern, times: 1 });
    await expect(transferOwnership({ workos: workos.workos, run: database.sync }, { orgId, from: ana, to: bea })).rejects.toThrow();
    const owners = () =>
      database.rows("select workos_user_id as who from memberships where org_id = $1 and role_slug = 'owner' and status = 'active'", [
        orgId,
      ]);
    expect(await owners()).toEqual([{ who: bea }]);
    // The request without an answer holds the transfer for fifteen minutes.
    await database.owner.query("update tenancy.transfer set held_until = now() where held_until is not null");
    expect(await pushTransfers({ workos: workos.workos, run: database.sync })).toBe(1);
    expect(await owners()).toEqual([{ who: bea }]);
    expect([await roleAtWorkos(orgId, ana), await roleAtWorkos(orgId, bea)]).toEqual(["admin", "owner"]);
  });

  test("two transfers at once: one owner at every commit", async () => {
    const { orgId, ana, bea, cara } = await clinic();
    let watching = true;
    const seen = new Set<string>();
    const watch = (async () => {
      while (watching)
        seen.add(
          JSON.stringify(
            await database.rows(
              "select count(*)::int as n from memberships where org_id = $1 and role_slug = 'owner' and status = 'active'",
              [orgId],
            ),
          ),
        );
    })();
    const done = await Promise.allSettled(
      [bea, cara].map((to) => transferOwnership({ workos: workos.workos, run: database.sync }, { orgId, from: ana, to })),
    );
    watching = false;
    await watch;
    expect(done.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect([...seen]).toEqual(['[{"n":1}]']);
  });

  test("the owner cannot leave; another can, at once", async () => {
    const { orgId, ana, bea } = await clinic();
    const leave = (userId: string) => leaveOrganization({ workos: workos.workos, run: database.sync }, { orgId, userId });
    await expect(leave(ana)).rejects.toMatchObject({ code: "last_owner" });
    await leave(bea);
    expect((await roles(orgId)).map(({ who }) => who)).not.toContain(bea);
    expect(await roleAtWorkos(orgId, bea)).toBeUndefined();
    await expect(leave(bea)).rejects.toMatchObject({ code: "not_a_member" });
  });

  test("the index alone refuses a second owner", async () => {
    await settle(database, { id: "org_c", type: "clinic", members: { ana: "owner", bea: "admin" } });
    await expect(database.owner.query("update memberships set role_slug = 'owner'")).rejects.toMatchObject({
      code: "23505",
      constraint: "memberships_one_owner",
    });
  });
});

describe("from expert's practice to clinic (R62)", () => {
  test("by the owner, as declared; the tier becomes the clinic's", async () => {
    const user = await workos.createUser(`eva.${crypto.randomUUID()}@example.com`);
    const parts = { workos: workos.workos, run: database.sync };
    const orgId = await foundOrganization(parts, { user, type: "expert_individual", name: "Eva" });
    await expect(changeOrganizationType(parts, { orgId, actor: "user_other", type: "clinic" })).rejects.toMatchObject({
      code: "not_owner",
    });
    await expect(changeOrganizationType(parts, { orgId, actor: user.id, type: "educational_institution" })).rejects.toMatchObject({
      code: "transition_refused",
    });
    await expect(changeOrganizationType(parts, { orgId, actor: user.id, type: "clinic", tier: "free" })).rejects.toMatchObject({
      code: "transition_refused",
    });
    await changeOrganizationType(parts, { orgId, actor: user.id, type: "clinic" });
    expect(await database.rows("select type, tier from organizations where id = $1", [orgId])).toEqual([
      { type: "clinic", tier: "clinic" },
    ]);
    expect((await workos.workos.organizations.getOrganization(orgId)).metadata).toEqual({ type: "clinic" });
    await changeOrganizationType(parts, { orgId, actor: user.id, type: "clinic" }); // again: nothing
    expect(await database.rows("select count(*)::int as n from tenancy.outbox where topic = 'organization.type_changed'")).toEqual([
      { n: 1 },
    ]);
  });
});

describe("for the person who is signed in", () => {
  beforeEach(() =>
    settle(
      database,
      { id: "org_ana", type: "patient_personal", members: { ana: "owner" } },
      { id: "org_c", type: "clinic", members: { olga: "owner", ana: "member" } },
      { id: "org_d", type: "clinic", members: { rui: "owner", ana: { role: "member", status: "suspended" } } },
      { id: "org_e", type: "clinic", members: { eva: "owner" } },
    ),
  );

  test("all own organizations with name, role and state, and no other (R64)", async () => {
    const mine = await as({ user: "ana", org: "org_ana" }, listMyOrganizations);
    expect(mine.map(({ orgId, name, role, status, current }) => [orgId, name, role, status, current])).toEqual([
      ["org_ana", "Name of org_ana", "owner", "active", true],
      ["org_c", "Name of org_c", "member", "active", false],
      ["org_d", "Name of org_d", "member", "suspended", false],
    ]);
    expect(await as({ user: "ana", org: "org_d" }, listMyOrganizations)).toEqual([]); // suspended there: as anonymous
    expect(await as({ user: "ana", org: "org_ana" }, async (query) => (await query("select id from organizations")).rows)).toEqual([
      { id: "org_ana" },
    ]);
  });

  test.each([
    ["org_d", "suspended"],
    ["org_e", "a stranger"],
    ["org_nowhere", "nobody"],
  ])("switching to %s, where she is %s, is refused before WorkOS is asked (R58)", async (organizationId) => {
    const asked = await workos.admin.call<{ requests?: unknown }>("GET", "counters");
    const request = { workos: workos.workos, clientId: workos.twin.clientId, refreshToken: "none", organizationId };
    await expect(as({ user: "ana", org: "org_ana" }, (query) => switchOrganization(query, request))).rejects.toMatchObject({
      code: "not_a_member",
    });
    expect(await workos.admin.call("GET", "counters")).toEqual(asked);
  });

  test("switching to an active one asks WorkOS", async () => {
    const request = { workos: workos.workos, clientId: workos.twin.clientId, refreshToken: "none", organizationId: "org_c" };
    await expect(as({ user: "ana", org: "org_ana" }, (query) => switchOrganization(query, request))).rejects.toMatchObject({
      error: "invalid_grant",
    });
  });

  test("features of the own organization only", async () => {
    expect(await as({ user: "ana", org: "org_ana" }, (query) => hasOwnFeature(query, "own_records"))).toBe(true);
    expect(await as({ user: "ana", org: "org_ana" }, (query) => hasOwnFeature(query, "invite_members"))).toBe(false);
    expect(await as({ user: "ana", org: "org_c" }, (query) => hasOwnFeature(query, "invite_members"))).toBe(true);
    const other = as({ user: "ana", org: "org_ana" }, (query) => query("select tenancy.has_feature('org_c', 'invite_members')"));
    await expect(other).rejects.toMatchObject({ code: "42501" });
  });
});
