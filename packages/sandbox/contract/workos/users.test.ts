import { expect, test } from "vitest";
import { refusal, withTarget } from "./suite.ts";
import { freshEmail } from "./target.ts";

const target = withTarget();

test("a user comes back as it was given, by id and by external id", async () => {
  const { userManagement } = target.sdk;
  const email = freshEmail("Ana.Costa");
  const externalId = `user_${crypto.randomUUID()}`;

  const made = await userManagement.createUser({
    email,
    firstName: "Ana",
    lastName: "Costa",
    externalId,
    metadata: { plan: "a" },
    emailVerified: true,
  });

  expect(made).toMatchObject({
    object: "user",
    email,
    firstName: "Ana",
    lastName: "Costa",
    externalId,
    metadata: { plan: "a" },
    emailVerified: true,
  });
  expect(made.id).toMatch(/^user_[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(await userManagement.getUser(made.id)).toEqual(made);
  expect(await userManagement.getUserByExternalId(externalId)).toEqual(made);
});

test("an address is not verified unless the caller says so", async () => {
  expect(await target.sdk.userManagement.createUser({ email: freshEmail() })).toMatchObject({ emailVerified: false });
});

test("an address is taken whatever its case", async () => {
  const { userManagement } = target.sdk;
  const email = freshEmail("Taken");
  await userManagement.createUser({ email });

  expect(await refusal(userManagement.createUser({ email: email.toUpperCase() }))).toMatchObject({
    name: "BadRequestException",
    status: 400,
    code: "user_creation_error",
    errors: [{ code: "email_not_available" }],
  });
});

test("two creations of one address at once make one user", async () => {
  const { userManagement } = target.sdk;
  const email = freshEmail("twice");
  const password = "a long enough password";
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => userManagement.createUser({ email, password })));

  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect((await userManagement.listUsers({ email })).data).toHaveLength(1);
});

test("an external id is taken once", async () => {
  const { userManagement } = target.sdk;
  const externalId = `user_${crypto.randomUUID()}`;
  await userManagement.createUser({ email: freshEmail(), externalId });

  const again = await refusal(userManagement.createUser({ email: freshEmail(), externalId }));
  expect(again).toMatchObject({ status: 400, code: "user_creation_error", errors: [{ code: "external_id_already_used" }] });

  const other = await userManagement.createUser({ email: freshEmail() });
  expect(await refusal(userManagement.updateUser({ userId: other.id, externalId }))).toMatchObject({
    status: 400,
    code: "external_id_already_used",
  });
});

test.each([
  ["11 pairs", Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, "v"]))],
  ["a key of 41 characters", { ["k".repeat(41)]: "v" }],
  ["a value of 601 characters", { k: "v".repeat(601) }],
  ["a value outside ASCII", { k: "São" }],
  ["a key outside ASCII", { ção: "v" }],
])("metadata with %s is refused", async (_, metadata) => {
  expect(await refusal(target.sdk.userManagement.createUser({ email: freshEmail(), metadata }))).toMatchObject({
    status: 400,
    code: "invalid_metadata",
  });
});

test("an external id of 65 characters or outside ASCII is refused", async () => {
  for (const externalId of ["x".repeat(65), "não"]) {
    expect(await refusal(target.sdk.userManagement.createUser({ email: freshEmail(), externalId }))).toMatchObject({ status: 422 });
  }
});

test("metadata is merged, a null removes its key, an empty object all", async () => {
  const { userManagement } = target.sdk;
  const { id: userId } = await userManagement.createUser({ email: freshEmail(), metadata: { a: "1", b: "2" } });
  const update = (metadata: Record<string, string | null>) =>
    target.sdk.put<{ metadata: unknown }>(`/user_management/users/${userId}`, { metadata }).then(({ data }) => data.metadata);

  expect(await update({ c: "3" })).toEqual({ a: "1", b: "2", c: "3" });
  expect(await update({ a: null })).toEqual({ b: "2", c: "3" });
  expect(await update({})).toEqual({});
});

test("an update changes what it names and nothing else", async () => {
  const { userManagement } = target.sdk;
  const made = await userManagement.createUser({
    email: freshEmail(),
    firstName: "Ana",
    externalId: crypto.randomUUID(),
    emailVerified: true,
  });

  const updated = await userManagement.updateUser({ userId: made.id, lastName: "Costa" });
  expect(updated).toEqual({ ...made, lastName: "Costa", updatedAt: updated.updatedAt });

  const { data } = await target.sdk.put<{ external_id: string | null }>(`/user_management/users/${made.id}`, { external_id: null });
  expect(data.external_id).toBeNull();
  expect(await refusal(userManagement.getUserByExternalId(made.externalId ?? ""))).toMatchObject({ status: 404 });
});

test("a changed address is free of the old one, unique and not verified", async () => {
  const { userManagement } = target.sdk;
  const [first, second, third] = [freshEmail("first"), freshEmail("second"), freshEmail("third")];
  const made = await userManagement.createUser({ email: first, emailVerified: true });
  await userManagement.createUser({ email: second });

  expect(await refusal(userManagement.updateUser({ userId: made.id, email: second }))).toMatchObject({
    status: 400,
    code: "email_not_available",
  });
  expect(await userManagement.updateUser({ userId: made.id, email: third })).toMatchObject({ email: third, emailVerified: false });
  expect(await userManagement.createUser({ email: first })).toMatchObject({ email: first });
});

test("a list is newest first and pages forth and back", async () => {
  const { userManagement, organizations } = target.sdk;
  const organization = await organizations.createOrganization({ name: "Paging" });
  const ids: string[] = [];
  for (let index = 0; index < 5; index++) {
    const user = await userManagement.createUser({ email: freshEmail(`page${index}`) });
    await userManagement.createOrganizationMembership({ userId: user.id, organizationId: organization.id });
    ids.unshift(user.id);
  }
  const page = (options: { limit: number; after?: string; before?: string; order?: "asc" | "desc" }) =>
    userManagement.listUsers({ organizationId: organization.id, ...options });
  const idsOf = (list: { data: { id: string }[] }) => list.data.map(({ id }) => id);

  const first = await page({ limit: 2 });
  expect(idsOf(first)).toEqual(ids.slice(0, 2));
  expect(first.listMetadata).toEqual({ before: null, after: ids[1] });
  const second = await page({ limit: 2, after: ids[1] ?? "" });
  expect(idsOf(second)).toEqual(ids.slice(2, 4));
  expect(second.listMetadata).toEqual({ before: ids[2], after: ids[3] });
  const third = await page({ limit: 2, after: ids[3] ?? "" });
  expect(idsOf(third)).toEqual(ids.slice(4));
  expect(third.listMetadata).toEqual({ before: ids[4], after: null });
  expect(idsOf(await page({ limit: 2, before: ids[2] ?? "" }))).toEqual(ids.slice(0, 2));
  expect(idsOf(await page({ limit: 3, order: "asc" }))).toEqual(ids.toReversed().slice(0, 3));
  expect(idsOf({ data: await (await userManagement.listUsers({ organizationId: organization.id })).autoPagination() })).toEqual(ids);
});

test("a list finds an address whatever its case, and no stranger", async () => {
  const { userManagement } = target.sdk;
  const email = freshEmail("Listed");
  const { id } = await userManagement.createUser({ email });

  expect((await userManagement.listUsers({ email: email.toLowerCase() })).data.map((user) => user.id)).toEqual([id]);
  expect((await userManagement.listUsers({ email: freshEmail() })).data).toEqual([]);
});

test("a limit outside 1 to 100 is refused", async () => {
  for (const limit of [0, 101]) expect(await refusal(target.sdk.userManagement.listUsers({ limit }))).toMatchObject({ status: 422 });
});

test("a deleted user is gone and leaves its address and external id free", async () => {
  const { userManagement } = target.sdk;
  const given = { email: freshEmail(), externalId: crypto.randomUUID() };
  const { id } = await userManagement.createUser(given);

  await userManagement.deleteUser(id);

  expect(await refusal(userManagement.getUser(id))).toMatchObject({ name: "NotFoundException", status: 404 });
  expect(await userManagement.createUser(given)).toMatchObject(given);
});

test("a user without an address is refused", async () => {
  expect(await refusal(target.sdk.post("/user_management/users", { first_name: "Ana" }))).toMatchObject({ status: 422 });
});

test("a wrong API key is refused, and so is none", async () => {
  expect(await refusal(target.withKey("sk_test_wrong").userManagement.listUsers())).toMatchObject({
    name: "UnauthorizedException",
    status: 401,
  });
  expect((await target.fetch(`${target.url}/user_management/users`)).status).toBe(401);
});

test("a body that is no JSON object is refused without being quoted", async () => {
  const headers = { authorization: `Bearer ${target.sdk.key}`, "content-type": "application/json" };
  const reply = await fetch(`${target.url}/user_management/users`, { method: "POST", headers, body: '{"password": "hunter2 hunter2"' });

  expect(reply.status).toBe(400);
  expect(await reply.text()).not.toContain("hunter2");
});
