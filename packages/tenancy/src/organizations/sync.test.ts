import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { applyEvents, receiveWebhook } from "./apply.ts";
import { pollEvents } from "./poll.ts";
import { reconcile } from "./reconcile.ts";
import { syncOrganizations } from "./sync.ts";
import { type AsPerson, guardedPeople } from "./testing/as-person.ts";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { empty, settle } from "./testing/people.ts";
import {
  Source,
  type SourceEvent,
  type SourceMembership,
  type SourceServer,
  type SourceUser,
  serveSource,
  signedWebhook,
  WEBHOOK_SECRET,
} from "./testing/source.ts";

let database: OrganizationsDatabase;
let server: SourceServer;
let source: Source;
let as: AsPerson;
beforeAll(async () => {
  database = await organizationsDatabase();
  server = await serveSource(() => source);
  as = await guardedPeople(database);
});
afterAll(async () => {
  await server?.close();
  await database?.drop();
});
beforeEach(async () => {
  await empty(database);
  source = new Source();
  server.requests.length = 0;
});

const deliver = (event: SourceEvent, { secret = WEBHOOK_SECRET, at = Date.now() } = {}) =>
  receiveWebhook({ workos: server.workos, run: database.sync, secret: WEBHOOK_SECRET, ...signedWebhook(event, secret, at) });
const poll = () => pollEvents({ workos: server.workos, run: database.sync, now: source.now, readsPerSecond: 1e6 });
const memberships = () => database.rows("select workos_user_id as who, role_slug as role, status from memberships order by 1");
const last = () => source.events.at(-1) as SourceEvent;

/** A clinic of one, in the mirror. */
async function clinic(role = "owner") {
  const user = source.createUser();
  const organization = source.createOrganization("clinic");
  const membership = source.join(user, organization, role);
  source.tick();
  if (!membership) throw new Error("the source refused the membership");
  await poll();
  return { user, organization, membership };
}

describe("a webhook", () => {
  test("counts only when WorkOS signed it, over these bytes, lately", async () => {
    source.createUser();
    await expect(deliver(last(), { secret: "whsec_other" })).rejects.toMatchObject({ code: "bad_signature" });
    await expect(deliver(last(), { at: Date.now() - 200_000 })).rejects.toMatchObject({ code: "bad_signature" });
    const { payload, signature } = signedWebhook(last());
    const tampered = { payload: payload.replace("person1", "person2"), signature };
    const receive = (body: object) =>
      receiveWebhook({ workos: server.workos, run: database.sync, secret: WEBHOOK_SECRET, ...(body as typeof tampered) });
    await expect(receive(tampered)).rejects.toMatchObject({ code: "bad_signature" });
    await expect(receive({ payload: JSON.parse(payload), signature })).rejects.toMatchObject({ code: "bad_signature" });
    expect(await database.rows("select from tenancy.object")).toEqual([]);
    expect(await deliver(last())).toEqual({ events: 1, news: 1 });
    expect(await deliver(last())).toEqual({ events: 1, news: 0 });
  });

  test("of a kind nobody asked for changes nothing", async () => {
    source.log("dsync.user.created", { id: "directory_user_1", object: "directory_user" });
    expect(await deliver(last())).toEqual({ events: 0, news: 0 });
  });

  test("about a membership whose organization and person are not known: both are fetched", async () => {
    const user = source.createUser();
    const organization = source.createOrganization("clinic");
    source.join(user, organization, "owner");
    await deliver(last());
    expect(await memberships()).toEqual([{ who: user.id, role: "owner", status: "active" }]);
    expect(server.requests).toEqual([`/organizations/${organization.id}`, `/user_management/users/${user.id}`]);
  });

  test("of an organization without a declared type waits, membership and invitation with it", async () => {
    const user = source.createUser();
    const organization = source.createOrganization(null);
    source.join(user, organization, "owner");
    source.invite(organization, "member");
    await applyEvents(database.sync, await events());
    expect(await memberships()).toEqual([]);
    source.tick();
    organization.metadata = { type: "clinic" };
    source.renameOrganization(organization);
    await deliver(last());
    expect(await memberships()).toEqual([{ who: user.id, role: "owner", status: "active" }]);
    expect(await database.rows("select status from invitations")).toEqual([{ status: "pending" }]);
  });
});

const events = async () =>
  await Promise.all(
    source.events.map((event) => {
      const { payload, signature } = signedWebhook(event);
      return server.workos.webhooks.constructEvent({ payload: payload as never, sigHeader: signature, secret: WEBHOOK_SECRET });
    }),
  );

describe("what an event means for whoever is signed in", () => {
  const organizationOf = (user: SourceUser, org: string, sid?: string) =>
    as(
      { user: user.id, org, ...(sid === undefined ? {} : { sid }) },
      async (query) => (await query<{ o: string | null }>("select auth.org_id() as o")).rows[0]?.o,
    );

  test("suspended and back; removed", async () => {
    const { user, organization, membership } = await clinic();
    expect(await organizationOf(user, organization.id)).toBe(organization.id);
    source.updateMembership(membership, { status: "inactive" });
    const suspended = last();
    await deliver(suspended);
    expect(await organizationOf(user, organization.id)).toBeNull();
    source.tick();
    source.updateMembership(membership, { status: "active" });
    await deliver(last());
    await deliver(suspended); // late, and no longer true
    expect(await organizationOf(user, organization.id)).toBe(organization.id);
    source.deleteMembership(membership);
    await deliver(last());
    await deliver(source.events.find(({ event }) => event === "organization_membership.created") as SourceEvent);
    expect(await organizationOf(user, organization.id)).toBeNull();
  });

  describe("two states in one millisecond: the one that gives less counts until it was fetched", () => {
    const arrivals = ["in order", "turned round", "together"] as const;
    const cases = (["active", "inactive"] as const).flatMap((truth) => arrivals.map((arrival) => ({ truth, arrival })));

    test.each(cases)("$truth is the truth, the events arrive $arrival", async ({ truth, arrival }) => {
      const { user, organization, membership } = await clinic();
      for (const status of truth === "active" ? (["inactive", "active"] as const) : (["active", "inactive"] as const))
        source.updateMembership(membership, { status });
      const said = (await events()).slice(-2);
      if (arrival === "turned round") said.reverse();
      // WorkOS cannot be reached: nothing is fetched.
      for (const batch of arrival === "together" ? [said] : said.map((one) => [one])) await applyEvents(database.sync, batch);
      expect(await organizationOf(user, organization.id)).toBeNull();

      server.requests.length = 0;
      await poll();
      expect(server.requests).toContain(`/user_management/organization_memberships/${membership.id}`);
      expect(await organizationOf(user, organization.id)).toBe(truth === "active" ? organization.id : null);
      // What was fetched holds, and is fetched once.
      server.requests.length = 0;
      await poll();
      expect(server.requests.filter((url) => url.includes("organization_memberships"))).toEqual([]);
    });

    test("together, and one of them is what is known already", async () => {
      const { user, organization, membership } = await clinic();
      source.updateMembership(membership, { status: "inactive" });
      await deliver(last());
      source.updateMembership(membership, { status: "active" });
      await applyEvents(database.sync, (await events()).slice(-2));
      expect(await organizationOf(user, organization.id)).toBeNull();
      await poll();
      expect(await organizationOf(user, organization.id)).toBe(organization.id);
    });

    test("through the webhook alone, which fetches at once", async () => {
      const { user, organization, membership } = await clinic();
      source.updateMembership(membership, { status: "inactive" });
      const suspended = last();
      source.updateMembership(membership, { status: "active" });
      await deliver(last());
      server.requests.length = 0;
      await deliver(suspended);
      expect(server.requests).toEqual([`/user_management/organization_memberships/${membership.id}`]);
      expect(await organizationOf(user, organization.id)).toBe(organization.id);
    });
  });

  test("an end is an end, whatever time it bears", async () => {
    const { user, organization, membership } = await clinic();
    source.deleteMembership(membership);
    const before = "2026-10-01T00:00:00.000Z";
    await deliver({ ...last(), created_at: before, data: { ...last().data, updated_at: before } });
    expect(await organizationOf(user, organization.id)).toBeNull();
  });

  test("a member who locks the own row holds up nobody's suspension; what was passed over is made up for", async () => {
    const other = await clinic();
    const slow = source.createUser();
    const home = source.createOrganization("patient_personal", slow.id);
    source.join(slow, home, "owner");
    await poll();
    await database.owner.query("grant update (first_name) on users to authenticated");
    const email = async () =>
      (await database.rows<{ email: string }>("select email from users where workos_user_id = $1", [slow.id]))[0]?.email;
    const before = await email();
    source.tick();
    source.updateUser(slow, { email: "moved@example.com" });
    source.updateMembership(other.membership, { status: "inactive" });
    source.revokeSession("session_9", other.user);
    try {
      await as({ user: slow.id, org: home.id }, async (query) => {
        expect((await query("select from users for update")).rowCount).toBe(1);
        await poll();
        expect(await organizationOf(other.user, other.organization.id)).toBeNull();
        await expect(organizationOf(other.user, other.organization.id, "session_9")).rejects.toMatchObject({ code: "RJ009" });
        expect(await email()).toBe(before);
      });
      await poll();
      expect(await email()).toBe("moved@example.com");
    } finally {
      await database.owner.query("revoke update (first_name) on users from authenticated");
    }
  });

  test.each(["user", "organization"] as const)("the %s is deleted and nothing else is announced", async (which) => {
    const { user, organization } = await clinic();
    if (which === "user") source.deleteUser(user, false);
    else source.deleteOrganization(organization, false);
    await deliver(last());
    expect(await organizationOf(user, organization.id)).toBeNull();
    expect(await memberships()).toEqual([]);
  });

  test("the session is revoked: its token is refused, another of the same person is not", async () => {
    const { user, organization } = await clinic();
    source.revokeSession("session_1", user);
    await deliver(last());
    await deliver(last());
    await expect(organizationOf(user, organization.id, "session_1")).rejects.toMatchObject({ code: "RJ009" });
    expect(await organizationOf(user, organization.id, "session_2")).toBe(organization.id);
    const [row] = await database.rows<{ seconds: number }>(
      "select extract(epoch from until - now())::int as seconds from auth.revoked_session",
    );
    expect(row?.seconds).toBeGreaterThan(3_500);
  });

  test("a role made at WorkOS brings its permissions, and a declared one stays as declared", async () => {
    const { organization, user } = await clinic("org-reader");
    const permissions = async () => (await database.rows<{ permissions: string[] }>("select permissions from memberships"))[0]?.permissions;
    const role = (slug: string, at: number, granted: string[]) => {
      const time = new Date(source.now() + at).toISOString();
      return {
        object: "organization_role",
        organization_id: organization.id,
        slug,
        name: slug,
        description: null,
        resource_type_slug: "organization",
        permissions: granted,
        created_at: time,
        updated_at: time,
      };
    };
    expect(await permissions()).toEqual([]);
    await deliver(source.log("organization_role.created", role("org-reader", 1, ["meetings:read", "unknown:read"])));
    expect(await permissions()).toEqual(["meetings:read"]);
    await deliver(
      source.log("permission.created", {
        object: "permission",
        id: "perm_1",
        slug: "unknown:read",
        name: "",
        description: null,
        system: false,
        created_at: "2026-11-02T00:00:00.000Z",
        updated_at: "2026-11-02T00:00:00.000Z",
      }),
    );
    expect(await permissions()).toEqual(["meetings:read", "unknown:read"]);
    await deliver(source.log("role.updated", { ...role("member", 2, ["organization:write"]), object: "role" }));
    expect(await database.rows("select patterns from tenancy.role where slug = 'member'")).toEqual([
      { patterns: ["profile:read", "services:read", "schedule:*", "meetings:*"] },
    ]);
    source.tick(5);
    await deliver(source.log("organization_role.deleted", role("org-reader", 3, [])));
    expect(await permissions()).toEqual([]);
    expect(user.id).toBeTruthy();
  });
});

describe("the Events API", () => {
  test("makes up for webhooks that were lost, from where the cursor stood", async () => {
    const { organization } = await clinic();
    for (let n = 0; n < 250; n++) {
      source.tick();
      source.join(source.createUser(), organization, "member");
    }
    server.requests.length = 0;
    expect(await poll()).toMatchObject({ events: 500, reconciled: false });
    expect((await memberships()).length).toBe(251);
    expect(server.requests.filter((url) => url.startsWith("/events"))).toHaveLength(6);
    expect(await poll()).toEqual({ events: 0, news: 0, reconciled: false });
  });

  test("two processes at once: each event counts once", async () => {
    const { organization } = await clinic();
    for (let n = 0; n < 120; n++) source.join(source.createUser(), organization, "member");
    await Promise.all([poll(), poll(), poll()]);
    expect((await memberships()).length).toBe(121);
    const [told] = await database.rows(
      "select count(*)::int as n, count(distinct subject)::int as people from tenancy.outbox where topic = 'membership.changed'",
    );
    expect(told).toEqual({ n: 121, people: 121 });
  });

  test("a cursor that is too old: everything is compared, also what happened while nobody looked", async () => {
    const { user, organization, membership } = await clinic();
    const other = source.createUser();
    const joined = source.join(other, organization, "member");
    source.tick(40 * 86_400_000);
    source.deleteMembership(membership);
    source.forgotten = source.events.length;
    expect(await poll()).toMatchObject({ reconciled: true });
    expect(await memberships()).toEqual([{ who: other.id, role: "member", status: "active" }]);
    expect([user.id, joined?.id]).toHaveLength(2);
    server.requests.length = 0;
    expect(await poll()).toMatchObject({ reconciled: false });
  });

  test("a cursor that WorkOS does not know any more", async () => {
    const { organization } = await clinic();
    source.join(source.createUser(), organization, "member");
    source.forgotten = source.events.length;
    expect(await poll()).toMatchObject({ reconciled: true });
    expect(await memberships()).toHaveLength(2);
  });
});

describe("comparing everything", () => {
  const compare = () => reconcile({ workos: server.workos, run: database.sync, readsPerSecond: 1e6, now: source.now });

  test("removes what was in the mirror before the first sync and is gone at WorkOS; keeps what WorkOS still has", async () => {
    const user = source.createUser();
    const organization = source.createOrganization("clinic");
    const membership = source.join(user, organization, "owner");
    await settle(database, { id: organization.id, type: "clinic", members: { [user.id]: "member", gone: "admin" } });
    await database.owner.query("update memberships set id = $1 where workos_user_id = $2", [membership?.id, user.id]);
    expect(await compare()).toMatchObject({ gone: 1 });
    expect(await memberships()).toEqual([{ who: user.id, role: "owner", status: "active" }]);
  });

  test("an event of a membership that it no longer found, delivered after it, does not bring it back", async () => {
    const { organization } = await clinic();
    const membership = source.join(source.createUser(), organization, "admin");
    const created = last();
    const other = source.join(source.createUser(), organization, "member");
    const still = last();
    if (membership) source.deleteMembership(membership);
    source.tick();
    await compare();
    await database.owner.query("delete from tenancy.object where id = $1", [other?.id]); // as if its list had left it out
    await deliver(created);
    await deliver(still);
    expect((await memberships()).map(({ role, status }) => `${role} ${status}`).sort()).toEqual([
      "admin suspended",
      "member active",
      "owner active",
    ]);
  });

  test("nor do two of them, the one after the other", async () => {
    const { organization } = await clinic();
    const membership = source.join(source.createUser(), organization, "member") as SourceMembership;
    const created = last();
    source.tick();
    source.updateMembership(membership, { role: "admin" });
    const updated = last();
    source.tick();
    source.deleteMembership(membership);
    source.tick();
    await compare();
    await deliver(created);
    await deliver(updated);
    expect((await memberships()).map(({ role, status }) => `${role} ${status}`).sort()).toEqual(["admin suspended", "owner active"]);
  });

  test("a list that leaves things out deletes nothing", async () => {
    const { user } = await clinic();
    const { userManagement } = server.workos;
    const list = userManagement.listUsers.bind(userManagement);
    userManagement.listUsers = async (options) => Object.assign(await list(options), { autoPagination: async () => [] });
    try {
      expect(await compare()).toMatchObject({ gone: 0 });
    } finally {
      userManagement.listUsers = list;
    }
    expect(server.requests).toContain(`/user_management/users/${user.id}`);
    expect(await memberships()).toEqual([{ who: user.id, role: "owner", status: "active" }]);
  });
});

describe("the loop", () => {
  test("reads on until its signal, over failures", async () => {
    const { organization } = await clinic();
    const stop = new AbortController();
    const failures: unknown[] = [];
    let rounds = 0;
    let broken = true;
    const run: typeof database.sync = (work) => (broken ? Promise.reject(new Error("down")) : database.sync(work));
    source.join(source.createUser(), organization, "member");
    await syncOrganizations({
      workos: server.workos,
      run,
      now: source.now,
      signal: stop.signal,
      pollMs: 1,
      onError: (error) => {
        failures.push(error);
        broken = false;
      },
      onPolled: () => {
        if (++rounds === 2) stop.abort();
      },
    });
    expect(failures).toHaveLength(1);
    expect(await memberships()).toHaveLength(2);
  });
});
