import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { receiveWebhook } from "./apply.ts";
import { SYNCED_EVENTS } from "./changes.ts";
import { foundOrganization } from "./found.ts";
import { expireInvitations, inviteMember, resendInvitation, revokeInvitation } from "./invitations.ts";
import { changeOrganizationType } from "./ownership.ts";
import { pollEvents } from "./poll.ts";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { empty } from "./testing/people.ts";
import { type TestWorkos, testWorkos } from "./testing/twin.ts";

let database: OrganizationsDatabase;
let workos: TestWorkos;
let hook: Server;
beforeAll(async () => {
  [database, workos] = await Promise.all([organizationsDatabase(), testWorkos({ announceCascades: false })]);
  hook = await listen();
});
afterAll(async () => {
  hook?.close();
  hook?.closeAllConnections();
  await workos?.stop();
  await database?.drop();
});
beforeEach(async () => {
  await workos.admin.flushWebhooks(); // what the test before left under way
  await empty(database);
});

/** The product's endpoint: the signed body goes to receiveWebhook as it came. */
async function listen(): Promise<Server> {
  let secret = "";
  const server = createServer(async (request, response) => {
    let payload = "";
    for await (const chunk of request) payload += chunk;
    const signature = String(request.headers["workos-signature"]);
    const status = await receiveWebhook({ workos: workos.workos, run: database.sync, secret, payload, signature }).then(
      () => 200,
      () => 500,
    );
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpointUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/workos`;
  ({ secret } = await workos.workos.webhooks.createWebhookEndpoint({ endpointUrl, events: [...SYNCED_EVENTS] as never }));
  await workos.admin.setWebhooks({ paused: true });
  return server;
}

const parts = () => ({ workos: workos.workos, run: database.sync });
const memberships = () => database.rows("select workos_user_id as who, role_slug as role, status from memberships order by role_slug desc");
const invitations = () => database.rows("select id, status, role_slug as role, email from invitations order by id");

async function practice() {
  const user = await workos.createUser(`eva.${crypto.randomUUID()}@example.com`);
  const orgId = await foundOrganization(parts(), { user, type: "expert_individual", name: "Eva" });
  return {
    orgId,
    eva: user.id,
    invite: (email: string, roleSlug = "member") => inviteMember(parts(), { orgId, email, roleSlug, inviterUserId: user.id }),
  };
}
async function clinic() {
  const place = await practice();
  await changeOrganizationType(parts(), { orgId: place.orgId, actor: place.eva, type: "clinic" });
  return place;
}

describe("an invitation (R57)", () => {
  test("holds role and seven days, is accepted, and the member is in", async () => {
    const { eva, invite } = await clinic();
    const bea = await workos.createUser("bea@example.com");
    const { id, expiresAt } = await invite("bea@example.com", "billing_admin");
    expect(Math.round((Date.parse(expiresAt) - Date.now()) / 86_400_000)).toBe(7);
    expect(await invitations()).toEqual([{ id, status: "pending", role: "billing_admin", email: "bea@example.com" }]);
    await workos.workos.userManagement.acceptInvitation(id);
    await workos.admin.flushWebhooks();
    expect(await invitations()).toMatchObject([{ id, status: "accepted" }]);
    expect(await memberships()).toEqual([
      { who: eva, role: "owner", status: "active" },
      { who: bea.id, role: "billing_admin", status: "active" },
    ]);
    expect(
      await database.rows(
        "select topic, subject, actor, data ->> 'role' as role, (data ->> 'expires_at')::timestamptz = $1 as ends from tenancy.outbox where topic like 'invitation%' order by id",
        [expiresAt],
      ),
    ).toEqual([
      { topic: "invitation.pending", subject: id, actor: eva, role: "billing_admin", ends: true },
      { topic: "invitation.accepted", subject: id, actor: null, role: "billing_admin", ends: true },
    ]);
  });

  test("is sent again, is taken back, and then cannot be used", async () => {
    const { orgId, invite } = await clinic();
    const { id } = await invite("cara@example.com");
    await resendInvitation(parts(), { orgId, id });
    await revokeInvitation(parts(), { orgId, id });
    expect(await invitations()).toMatchObject([{ id, status: "revoked" }]);
    await expect(resendInvitation(parts(), { orgId, id })).rejects.toMatchObject({
      code: "workos_refused",
      message: expect.stringContaining("invite_revoked"),
    });
    await expect(revokeInvitation(parts(), { orgId, id })).rejects.toMatchObject({ code: "workos_refused" });
  });

  test("another organization can neither send it again nor take it back", async () => {
    const { invite } = await clinic();
    const { id } = await invite("cleo@example.com");
    const other = await workos.workos.organizations.createOrganization({ name: "Other", metadata: { type: "clinic" } });
    const before = (await workos.workos.userManagement.getInvitation(id)).updatedAt;
    for (const orgId of [other.id, "org_nowhere", null as never]) {
      await expect(revokeInvitation(parts(), { orgId, id })).rejects.toMatchObject({ code: "unknown_invitation" });
      await expect(resendInvitation(parts(), { orgId, id })).rejects.toMatchObject({ code: "unknown_invitation" });
    }
    expect(await workos.workos.userManagement.getInvitation(id)).toMatchObject({ state: "pending", updatedAt: before });
  });

  test("expires after seven days, here too", async () => {
    const { invite } = await clinic();
    const { id } = await invite("dora@example.com");
    expect(await expireInvitations(parts())).toBe(0);
    await database.owner.query("update invitations set expires_at = now() - interval '1 second'");
    expect(await expireInvitations(parts())).toBe(1);
    expect(await invitations()).toMatchObject([{ id, status: "expired" }]);
    expect(await expireInvitations(parts())).toBe(0);
  });

  test("is refused to a practice and a patient, for a role nobody declared, and twice (R61)", async () => {
    const { orgId, eva, invite } = await practice();
    await expect(invite("rui@example.com")).rejects.toMatchObject({ code: "solo_organization" });
    expect((await workos.workos.userManagement.listInvitations({ organizationId: orgId })).data).toEqual([]);
    await changeOrganizationType(parts(), { orgId, actor: eva, type: "clinic" });
    await expect(invite("rui@example.com", "boss")).rejects.toMatchObject({ code: "unknown_role" });
    await invite("rui@example.com");
    await expect(invite("rui@example.com")).rejects.toMatchObject({ code: "workos_refused" });
  });

  test("one that was made at WorkOS for a solo organization opens nothing", async () => {
    const { orgId, eva } = await practice();
    await workos.createUser("zoe@example.com");
    const { id } = await workos.workos.userManagement.sendInvitation({ email: "zoe@example.com", organizationId: orgId });
    await workos.admin.flushWebhooks();
    expect(await invitations()).toEqual([]);
    await workos.workos.userManagement.acceptInvitation(id);
    await workos.admin.flushWebhooks();
    expect(await database.rows("select workos_user_id as who from memberships where status = 'active'")).toEqual([{ who: eva }]);
  });
});

test("dropped, doubled, shuffled deliveries and the Events API end at what WorkOS has", { timeout: 60_000 }, async () => {
  await workos.admin.setWebhooks({ paused: true, dropRate: 0.3, duplicateRate: 0.3, shuffleOf: 6, seed: 7 });
  const { userManagement, organizations } = workos.workos;
  const organization = await organizations.createOrganization({ name: "School", metadata: { type: "educational_institution" } });
  const people = [];
  for (let n = 0; n < 8; n++) people.push(await workos.createUser(`pupil${n}.${crypto.randomUUID()}@example.com`));
  const joined = [];
  for (const [n, { id: userId }] of people.entries()) {
    joined.push(
      await userManagement.createOrganizationMembership({
        organizationId: organization.id,
        userId,
        roleSlug: n === 0 ? "owner" : "member",
      }),
    );
  }
  await workos.admin.flushWebhooks();
  const [, second, third, fourth, fifth] = joined.map(({ id }) => id) as [string, string, string, string, string];
  await userManagement.deactivateOrganizationMembership(second);
  await userManagement.updateOrganizationMembership(third, { roleSlug: "admin" });
  await userManagement.deleteOrganizationMembership(fourth);
  await userManagement.deactivateOrganizationMembership(fifth);
  await userManagement.reactivateOrganizationMembership(fifth);
  await userManagement.deleteUser(people[7]?.id ?? "");
  await workos.admin.flushWebhooks();
  await pollEvents({ workos: workos.workos, run: database.sync });
  await workos.admin.resetWebhooks();

  const listed = (
    await userManagement.listOrganizationMemberships({ organizationId: organization.id, statuses: ["active", "inactive", "pending"] })
  ).data;
  const expected = listed.map(({ userId, role, status }) => ({
    who: userId,
    role: role.slug,
    status: status === "inactive" ? "suspended" : status,
  }));
  const order = (rows: { who: string }[]) => rows.toSorted((a, b) => (a.who < b.who ? -1 : 1));
  expect(
    order(
      (await database.rows("select workos_user_id as who, role_slug as role, status from memberships where org_id = $1", [
        organization.id,
      ])) as never,
    ),
  ).toEqual(order(expected));
  expect(listed).toHaveLength(6);
});
