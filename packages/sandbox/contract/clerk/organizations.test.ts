import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, clientOf, LIVE, type Subject, startSubject, testAddress } from "./subject.ts";

let subject: Subject;
let userId: string;

beforeAll(async () => {
  subject = await startSubject();
  userId = (await subject.clerk.users.createUser({ emailAddress: [testAddress()], skipPasswordRequirement: true })).id;
});
afterAll(async () => {
  await subject.clerk.users.deleteUser(userId);
  await subject.stop();
});

test("an organization has its creator as admin, and takes members and invitations", async () => {
  const { clerk } = subject;
  const name = `Contract ${crypto.randomUUID().slice(0, 8)}`;
  const organization = await clerk.organizations.createOrganization({ name, createdBy: userId, publicMetadata: { plan: "x" } });
  const { id: memberId } = await clerk.users.createUser({ emailAddress: [testAddress()], skipPasswordRequirement: true });
  await clerk.organizations.createOrganizationMembership({ organizationId: organization.id, userId: memberId, role: "org:member" });
  const invited = await clerk.organizations.createOrganizationInvitation({
    organizationId: organization.id,
    emailAddress: testAddress(),
    role: "org:member",
  });

  const read = await clerk.organizations.getOrganization({ organizationId: organization.id });
  const members = await clerk.organizations.getOrganizationMembershipList({ organizationId: organization.id });
  const own = await clerk.users.getOrganizationMembershipList({ userId });
  const invitations = await clerk.organizations.getOrganizationInvitationList({ organizationId: organization.id, status: ["pending"] });

  expect(read).toMatchObject({ name, publicMetadata: { plan: "x" } });
  expect(new Map(members.data.map((one) => [one.publicUserData?.userId, one.role]))).toEqual(
    new Map([
      [userId, "org:admin"],
      [memberId, "org:member"],
    ]),
  );
  expect(own.data[0]?.organization.id).toBe(organization.id);
  expect(invitations.data.map((one) => one.id)).toEqual([invited.id]);
  await expect(
    clerk.organizations.createOrganizationMembership({ organizationId: organization.id, userId: memberId, role: "org:member" }),
  ).rejects.toMatchObject({ status: 400 });
  await clerk.users.deleteUser(memberId);
});

test("an invitation to the application is listed until it is revoked", async () => {
  const emailAddress = testAddress();
  const made = await subject.clerk.invitations.createInvitation({ emailAddress, notify: false });
  const list = await subject.clerk.invitations.getInvitationList({ status: "pending", limit: 500 });

  expect(list.data.find((one) => one.id === made.id)).toMatchObject({ emailAddress, status: "pending" });
  await expect(subject.clerk.invitations.createInvitation({ emailAddress, notify: false })).rejects.toMatchObject({
    errors: expect.anything(),
  });
});

// Not live: a staging instance gives out no session without a browser.
test.skipIf(LIVE)("the organization claim of a token reads as role and permissions in the official SDK", async () => {
  const twin = subject.twin as NonNullable<Subject["twin"]>;
  const organization = await subject.clerk.organizations.createOrganization({ name: `Claim ${Date.now()}`, createdBy: userId });
  const asked = await admin(twin, "POST", "sessions", { user_id: userId, organization_id: organization.id });
  const { token } = (await asked.json()) as { token: string };
  const cookie = `__session=${token}; __client_uat=${Math.floor(Date.now() / 1000) - 5}; __clerk_db_jwt=dvb_twin`;

  const state = await clientOf(twin).authenticateRequest(new Request("http://localhost:3000/", { headers: { cookie } }), {
    jwtKey: twin.jwtKey,
  });
  const auth = state.toAuth();

  expect(auth).toMatchObject({ orgId: organization.id, orgRole: "org:admin", orgSlug: organization.slug });
  expect((auth as { orgPermissions?: string[] }).orgPermissions).toContain("org:sys_memberships:manage");
});
