import type { Event, EventName } from "@workos-inc/node";
import { describe, expect, test } from "vitest";
import { WorkosTwinAdmin } from "../../src/workos/admin-client.ts";
import { refusal, withTarget } from "./suite.ts";
import { freshEmail } from "./target.ts";

const target = withTarget();
const EVERYTHING = [
  "user.created",
  "user.updated",
  "user.deleted",
  "organization.created",
  "organization.updated",
  "organization.deleted",
  "organization_membership.created",
  "organization_membership.updated",
  "organization_membership.deleted",
  "role.created",
  "role.updated",
  "permission.created",
  "permission.updated",
  "permission.deleted",
  "session.created",
  "session.revoked",
] as const satisfies readonly EventName[];

describe("what is announced", () => {
  test("a user: created, updated, deleted, each with the data of its time", async () => {
    const { userManagement } = target.sdk;
    const since = await cursor();
    const user = await userManagement.createUser({ email: freshEmail(), firstName: "Ana", externalId: crypto.randomUUID() });
    const renamed = await userManagement.updateUser({ userId: user.id, firstName: "Bea", emailVerified: true });
    await userManagement.deleteUser(user.id);

    const events = await announced(since, 3, ({ data }) => (data as { id: string }).id === user.id);
    expect(events.map(({ event }) => event)).toEqual(["user.created", "user.updated", "user.deleted"]);
    expect(events[0]?.data).toEqual(user);
    expect(events[1]?.data).toEqual(renamed);
    expect(Date.parse(renamed.updatedAt)).toBeGreaterThan(Date.parse(user.updatedAt));
  });

  test("an organization and its membership: role changed, suspended, revived, and gone with the organization", async () => {
    const { organizations, userManagement, authorization } = target.sdk;
    const roleSlug = (await authorization.createEnvironmentRole({ slug: `r-${crypto.randomUUID()}`, name: "Owner" })).slug;
    const since = await cursor();
    const user = await userManagement.createUser({ email: freshEmail() });
    const organization = await organizations.createOrganization({ name: "Sol" });
    const { id } = await userManagement.createOrganizationMembership({ userId: user.id, organizationId: organization.id });
    await userManagement.updateOrganizationMembership(id, { roleSlug });
    await userManagement.deactivateOrganizationMembership(id);
    await userManagement.deactivateOrganizationMembership(id);
    await userManagement.reactivateOrganizationMembership(id);
    await organizations.updateOrganization({ organization: organization.id, name: "Lua" });
    await organizations.deleteOrganization(organization.id);

    const events = await announced(since, 9, ({ event }) => event.startsWith("organization"), organization.id);
    expect(events.map(({ event, data }) => [event, "status" in data ? data.status : "name" in data ? data.name : ""])).toEqual([
      ["organization.created", "Sol"],
      ["organization_membership.created", "active"],
      ["organization_membership.updated", "active"],
      ["organization_membership.updated", "inactive"],
      ["organization_membership.updated", "active"],
      ["organization.updated", "Lua"],
      ["organization_membership.deleted", "active"],
      ["organization.deleted", "Lua"],
    ]);
    expect(events[2]?.data).toMatchObject({ id, userId: user.id, organizationId: organization.id, role: { slug: roleSlug } });
  });

  test("roles and permissions", async () => {
    const { authorization } = target.sdk;
    const since = await cursor();
    const slug = `s-${crypto.randomUUID()}`;
    await authorization.createPermission({ slug, name: "Read" });
    await authorization.createEnvironmentRole({ slug, name: "Reader" });
    await authorization.setEnvironmentRolePermissions(slug, { permissions: [slug] });
    await authorization.updatePermission(slug, { name: "Read all" });
    await authorization.deletePermission(slug);

    const events = await announced(since, 5, ({ data }) => (data as { slug?: string }).slug === slug);
    expect(events.map(({ event }) => event)).toEqual([
      "permission.created",
      "role.created",
      "role.updated",
      "permission.updated",
      "permission.deleted",
    ]);
    expect(events[2]?.data).toMatchObject({ slug, permissions: [slug] });
  });

  test("sessions: opened, and revoked by the API and with a suspended membership", async () => {
    const { organizations, userManagement } = target.sdk;
    const password = "a long enough password";
    const { id: userId, email } = await userManagement.createUser({ email: freshEmail(), password, emailVerified: true });
    const { id: organizationId } = await organizations.createOrganization({ name: "Sol" });
    const { id } = await userManagement.createOrganizationMembership({ userId, organizationId });
    const since = await cursor();
    await userManagement.authenticateWithPassword({ clientId: target.clientId, email, password });
    await userManagement.authenticateWithPassword({ clientId: target.clientId, email, password });
    const sessions = (await userManagement.listSessions(userId)).data;
    await userManagement.revokeSession({ sessionId: sessions[1]?.id ?? "" });
    await userManagement.deactivateOrganizationMembership(id);

    const events = await announced(
      since,
      4,
      ({ event, data }) => event.startsWith("session.") && "userId" in data && data.userId === userId,
    );
    expect(events.map(({ event, data }) => [event, (data as { id: string }).id])).toEqual([
      ["session.created", sessions[1]?.id],
      ["session.created", sessions[0]?.id],
      ["session.revoked", sessions[1]?.id],
      ["session.revoked", sessions[0]?.id],
    ]);
    expect(events[3]?.data).toMatchObject({ organizationId, status: "revoked" });
  });

  test("a deleted user takes memberships along", async () => {
    const { organizations, userManagement } = target.sdk;
    const { id: userId } = await userManagement.createUser({ email: freshEmail() });
    const { id: organizationId } = await organizations.createOrganization({ name: "Sol" });
    const { id } = await userManagement.createOrganizationMembership({ userId, organizationId });
    const since = await cursor();
    await userManagement.deleteUser(userId);

    const events = await announced(since, 2, ({ event }) => event.endsWith(".deleted"));
    expect(events.map(({ event, data }) => [event, (data as { id: string }).id])).toEqual([
      ["organization_membership.deleted", id],
      ["user.deleted", userId],
    ]);
    expect(await refusal(userManagement.getOrganizationMembership(id))).toMatchObject({ status: 404 });
  });
});

describe("the list", () => {
  test("is oldest first whatever order is asked for, page by page up to the end", async () => {
    const since = await cursor();
    const made: string[] = [];
    for (let index = 0; index < 5; index++) made.push((await target.sdk.organizations.createOrganization({ name: `O${index}` })).id);
    await announced(since, 5, ({ event }) => event === "organization.created");

    const seen: string[] = [];
    let after: string | null | undefined = since;
    for (let page = 0; page < 10 && seen.length < 5; page++) {
      const list = await target.sdk.events.listEvents({
        events: ["organization.created"],
        limit: 2,
        order: "desc",
        ...(after ? { after } : {}),
      });
      seen.push(...list.data.map(({ data }) => (data as { id: string }).id));
      after = list.listMetadata.after;
      if (!after) break;
    }
    expect(seen.slice(-5)).toEqual(made);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test("takes only the names, the organization and the time that were asked for", async () => {
    const { events, organizations } = target.sdk;
    const since = await cursor();
    const first = await organizations.createOrganization({ name: "A" });
    await organizations.createOrganization({ name: "B" });
    await announced(since, 2, ({ event }) => event === "organization.created");

    const mine = await events.listEvents({ events: ["organization.created"], organizationId: first.id });
    expect(mine.data.map(({ data }) => (data as { id: string }).id)).toEqual([first.id]);
    const none = await events.listEvents({ events: ["organization.deleted"], organizationId: first.id });
    expect(none.data).toEqual([]);
    const past = { rangeStart: new Date(Date.now() - 3_600_000).toISOString(), rangeEnd: new Date(Date.now() - 1_800_000).toISOString() };
    expect((await events.listEvents({ events: ["organization.created"], organizationId: first.id, ...past })).data).toEqual([]);
  });

  test("needs names, and a range of at most 30 days", async () => {
    expect(await refusal(target.sdk.get("/events"))).toMatchObject({ status: 422 });
    const rangeStart = new Date(Date.now() - 31 * 24 * 3_600_000).toISOString();
    expect(await refusal(target.sdk.events.listEvents({ events: ["user.created"], rangeStart }))).toMatchObject({ status: 400 });
    expect(await refusal(target.sdk.events.listEvents({ events: ["user.created"], rangeStart: "yesterday" }))).toMatchObject({
      status: 422,
    });
  });
});

// Not live: it moves the clock by months, which only the twin lets one do.
test.skipIf(process.env["REHOME_CONTRACT_LIVE"] === "1")("events are there for 90 days, by default the last 30", async () => {
  const admin = new WorkosTwinAdmin(target.twin ?? { url: "", adminToken: "" });
  const { events, organizations } = target.sdk;
  const { id: organizationId } = await organizations.createOrganization({ name: "Old" });
  const listed = async (more: { rangeStart?: string; rangeEnd?: string; after?: string } = {}) =>
    (await events.listEvents({ events: ["organization.created"], organizationId, ...more })).data.length;
  const around = { rangeStart: new Date(Date.now() - 60_000).toISOString(), rangeEnd: new Date(Date.now() + 60_000).toISOString() };

  await admin.advanceClock(29 * 86_400);
  expect(await listed()).toBe(1);
  await admin.advanceClock(2 * 86_400);
  expect(await listed()).toBe(0);
  expect(await listed(around)).toBe(1);
  expect(await listed({ after: "event_00000000000000000000000000" })).toBe(1);
  await admin.advanceClock(60 * 86_400);
  expect(await listed(around)).toBe(0);
});

/** Where the list ends now. */
async function cursor(): Promise<string | undefined> {
  let after: string | undefined;
  for (;;) {
    const { data } = await target.sdk.events.listEvents({ events: [...EVERYTHING], limit: 100, ...(after ? { after } : {}) });
    if (data.length === 0) return after;
    after = data.at(-1)?.id;
  }
}

/** The events after a cursor that fit, once there are so many (or a few seconds have passed: the service needs a moment). */
async function announced(
  after: string | undefined,
  count: number,
  fits: (event: Event) => boolean,
  organizationId?: string,
): Promise<Event[]> {
  const until = Date.now() + (target.twin ? 0 : 20_000);
  for (;;) {
    const { data } = await target.sdk.events.listEvents({
      events: [...EVERYTHING],
      limit: 100,
      ...(after ? { after } : {}),
      ...(organizationId ? { organizationId } : {}),
    });
    const fitting = data.filter(fits);
    if (fitting.length >= count || Date.now() >= until) return fitting;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
