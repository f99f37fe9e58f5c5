import { WorkOS } from "@workos-inc/node";
import { afterEach, expect, test } from "vitest";
import { startWorkosTwin, type WorkosTwin } from "./twin.ts";

let twin: WorkosTwin;
afterEach(() => twin.stop());

test.each([
  [true, ["organization_membership.deleted", "organization.deleted", "organization_membership.deleted", "user.deleted"]],
  [false, ["organization.deleted", "user.deleted"]],
])("what goes along with something deleted is announced as the switch says: %s", async (announceCascades, expected) => {
  twin = await startWorkosTwin({ announceCascades });
  const sdk = new WorkOS(twin.apiKey, { clientId: twin.clientId, apiHostname: "127.0.0.1", port: twin.port, https: false, maxRetries: 0 });
  const { id: userId } = await sdk.userManagement.createUser({ email: "a@example.com" });
  for (const name of ["A", "B"]) {
    const { id: organizationId } = await sdk.organizations.createOrganization({ name });
    await sdk.userManagement.createOrganizationMembership({ userId, organizationId });
    if (name === "A") await sdk.organizations.deleteOrganization(organizationId);
  }
  await sdk.userManagement.deleteUser(userId);

  const { data } = await sdk.events.listEvents({
    events: ["organization_membership.deleted", "organization.deleted", "user.deleted"],
    limit: 100,
  });
  expect(data.map(({ event }) => event)).toEqual(expected);
});

test("a session that ran out is not announced as revoked", async () => {
  twin = await startWorkosTwin();
  const sdk = new WorkOS(twin.apiKey, { clientId: twin.clientId, apiHostname: "127.0.0.1", port: twin.port, https: false, maxRetries: 0 });
  const password = "a long enough password";
  const { id } = await sdk.userManagement.createUser({ email: "a@example.com", password, emailVerified: true });
  await sdk.userManagement.authenticateWithPassword({ clientId: twin.clientId, email: "a@example.com", password });
  const realNow = Date.now;
  try {
    Date.now = () => realNow() + 8 * 86_400_000;
    await sdk.userManagement.deleteUser(id);
  } finally {
    Date.now = realNow;
  }
  const { data } = await sdk.events.listEvents({ events: ["session.created", "session.revoked"], limit: 100 });
  expect(data.map(({ event }) => event)).toEqual(["session.created"]);
});
