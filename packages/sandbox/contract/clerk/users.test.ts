import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LIVE, type Subject, startSubject, testAddress } from "./subject.ts";

let subject: Subject;
const made: string[] = [];

beforeAll(async () => {
  subject = await startSubject();
});
afterAll(async () => {
  for (const id of made) await subject.clerk.users.deleteUser(id).catch(() => {});
  await subject.stop();
});

async function make(params: Parameters<Subject["clerk"]["users"]["createUser"]>[0]) {
  const user = await subject.clerk.users.createUser({ skipPasswordRequirement: true, ...params });
  made.push(user.id);
  return user;
}

describe("creating a user", () => {
  test("takes names, metadata, external id and date, and verifies the address", async () => {
    const address = testAddress();
    const externalId = `contract-${crypto.randomUUID()}`;
    const created = await make({
      emailAddress: [address],
      firstName: "Ana",
      lastName: "Σοφία",
      externalId,
      createdAt: new Date("2024-02-03T04:05:06.789Z"),
      publicMetadata: { role: ["community_expert", "admin"], nested: { snake_case: 1, camelCase: 2 } },
      privateMetadata: { note: "x" },
    });
    const read = await subject.clerk.users.getUser(created.id);

    expect(read).toMatchObject({ firstName: "Ana", lastName: "Σοφία", externalId, passwordEnabled: false, banned: false });
    expect(read.createdAt).toBe(Date.parse("2024-02-03T04:05:06.789Z"));
    expect(read.publicMetadata).toEqual({ role: ["community_expert", "admin"], nested: { snake_case: 1, camelCase: 2 } });
    expect(read.primaryEmailAddress).toMatchObject({ emailAddress: address, verification: { status: "verified" } });
  });

  test("leaves a reserved address unverified", async () => {
    const created = await make({ emailAddress: [testAddress()], emailAddressIdentificationStatus: ["reserved"] });

    expect(created.emailAddresses[0]?.verification?.status).not.toBe("verified");
  });

  test("refuses an address that another user holds", async () => {
    const address = testAddress();
    await make({ emailAddress: [address] });

    await expect(make({ emailAddress: [address.toUpperCase()] })).rejects.toMatchObject({
      status: 422,
      errors: [expect.objectContaining({ code: "form_identifier_exists" })],
    });
  });

  test("takes a bcrypt digest, and then knows the password", async () => {
    const { id, passwordEnabled } = await make({
      emailAddress: [testAddress()],
      passwordDigest: "$2b$04$rNiNPW7qDGOnp5xf8fBuC.Rr/w.R0FCsjpkNPJ6noDmvOFWUMzD4m",
      passwordHasher: "bcrypt",
    });

    expect(passwordEnabled).toBe(true);
    await expect(subject.clerk.users.verifyPassword({ userId: id, password: "correct horse battery" })).resolves.toMatchObject({
      verified: true,
    });
    await expect(subject.clerk.users.verifyPassword({ userId: id, password: "correct horse batterx" })).rejects.toMatchObject({
      status: 422,
    });
  });

  test("refuses a digest with an unknown hasher", async () => {
    const params = { emailAddress: [testAddress()], passwordDigest: "x", passwordHasher: "rot13" as "bcrypt" };

    await expect(make(params)).rejects.toMatchObject({ status: 422 });
  });
});

describe("reading users", () => {
  test("pages through a list in order, filtered, and counts it", async () => {
    const mark = `mark${crypto.randomUUID().slice(0, 8)}`;
    const users = [];
    for (let i = 0; i < 3; i++)
      users.push(await make({ emailAddress: [testAddress()], firstName: mark, createdAt: new Date(Date.UTC(2023, 0, 3 - i)) }));
    const expected = users.map((user) => user.id).reverse();

    const first = await subject.clerk.users.getUserList({ query: mark, orderBy: "+created_at", limit: 2 });
    const second = await subject.clerk.users.getUserList({ query: mark, orderBy: "+created_at", limit: 2, offset: 2 });
    const newest = await subject.clerk.users.getUserList({ query: mark, orderBy: "-created_at", limit: 1 });
    const byId = await subject.clerk.users.getUserList({ userId: expected.slice(0, 2), createdAtAfter: Date.UTC(2023, 0, 1, 12) });

    expect([...first.data, ...second.data].map((user) => user.id)).toEqual(expected);
    expect(first.totalCount).toBe(3);
    expect(newest.data[0]?.id).toBe(expected[2]);
    expect(byId.data.map((user) => user.id)).toEqual([expected[1]]);
    expect(await subject.clerk.users.getCount({ query: mark })).toBe(3);
  });

  test("refuses a page of more than 500", async () => {
    await expect(subject.clerk.users.getUserList({ limit: 501 })).rejects.toMatchObject({ status: LIVE ? expect.any(Number) : 422 });
  });

  test("answers 404 for a user it does not know", async () => {
    await expect(subject.clerk.users.getUser("user_2nobody")).rejects.toMatchObject({
      status: 404,
      errors: [expect.objectContaining({ code: "resource_not_found" })],
      clerkTraceId: expect.stringMatching(/.+/),
    });
  });
});

describe("changing a user", () => {
  test("updates what is named and leaves the rest", async () => {
    const { id } = await make({ emailAddress: [testAddress()], firstName: "Ana", lastName: "Silva" });
    const updated = await subject.clerk.users.updateUser(id, { firstName: "Joana", password: "a long enough passphrase 7391" });

    expect(updated).toMatchObject({ firstName: "Joana", lastName: "Silva", passwordEnabled: true });
    await expect(subject.clerk.users.verifyPassword({ userId: id, password: "a long enough passphrase 7391" })).resolves.toMatchObject({
      verified: true,
    });
  });

  test("merges metadata deeply, null removes, and replaces it when asked", async () => {
    const { id } = await make({ emailAddress: [testAddress()], publicMetadata: { role: "user", prefs: { a: 1, b: 2 } } });

    const merged = await subject.clerk.users.updateUserMetadata(id, { publicMetadata: { prefs: { b: null, c: 3 } } });
    expect(merged.publicMetadata).toEqual({ role: "user", prefs: { a: 1, c: 3 } });
    const replaced = await subject.clerk.users.replaceUserMetadata(id, { publicMetadata: { role: "admin" } });
    expect(replaced.publicMetadata).toEqual({ role: "admin" });
  });

  test("bans, unbans, locks, unlocks and deletes", async () => {
    const { id } = await make({ emailAddress: [testAddress()] });

    expect((await subject.clerk.users.banUser(id)).banned).toBe(true);
    expect((await subject.clerk.users.unbanUser(id)).banned).toBe(false);
    expect((await subject.clerk.users.lockUser(id)).locked).toBe(true);
    expect((await subject.clerk.users.unlockUser(id)).locked).toBe(false);
    expect(await subject.clerk.users.deleteUser(id)).toMatchObject({ id, deleted: true });
    await expect(subject.clerk.users.getUser(id)).rejects.toMatchObject({ status: 404 });
  });
});
