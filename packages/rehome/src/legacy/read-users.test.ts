import { utimes } from "node:fs/promises";
import { expect, test } from "vitest";
import { type ClerkSeedUser, clerkUser, startClerk } from "./clerk/testing/clerk.ts";
import { readLegacyUsers, withStagedUsers } from "./read-users.ts";

type Config = Parameters<typeof readLegacyUsers>[0];

const BCRYPT = { password_digest: "$2b$10$x", password_hasher: "bcrypt" };
const DAY = 86_400_000;
const BEGIN = Date.UTC(2025, 0, 1);
/** Signed up on that day of 2025. */
const onDay = (id: string, day: number, changes: Partial<ClerkSeedUser> = {}) =>
  clerkUser(id, { created_at: BEGIN + day * DAY, updated_at: BEGIN + day * DAY, ...changes });

const reading = (config: Partial<Config>): Config => ({ exports: [], acceptUncounted: 0, ...config });
const notesOf = (config: Config) =>
  withStagedUsers(
    config,
    () => "carried",
    async (_, sources) => sources.notes,
  );

async function atTime(file: string, day: number): Promise<string> {
  await utimes(file, new Date(BEGIN + day * DAY), new Date(BEGIN + day * DAY));
  return file;
}

test("a later export overrides an earlier one, user by user", async () => {
  const clerk = await startClerk();
  await clerk.seed([onDay("user_2a", 1, { password_digest: "00", password_hasher: "md5" }), onDay("user_2b", 2, BCRYPT)]);
  const earlier = await clerk.export();
  await clerk.seed([onDay("user_2a", 1, BCRYPT), onDay("user_2c", 3, BCRYPT)]);
  await clerk.admin("PATCH", "users/user_2b", { inExport: false });
  const later = await clerk.export();
  const users = await readLegacyUsers(reading({ ...clerk.access, exports: [earlier, later] }));

  expect(users.map((user) => [user.id, user.hasher, user.exported?.file])).toEqual([
    ["user_2a", "bcrypt", later],
    ["user_2b", "bcrypt", earlier],
    ["user_2c", "bcrypt", later],
  ]);
  expect(await notesOf(reading({ ...clerk.access, exports: [earlier, later] }))).toEqual([
    `The export ${later} is shorter than those before it: 1 people whom Clerk still has are missing; their earlier rows count.`,
  ]);
});

test("exports in the wrong order are refused, by their dates or by who is in them", async () => {
  const clerk = await startClerk();
  await clerk.seed([onDay("user_2a", 1, { password_digest: "00", password_hasher: "md5" })]);
  const old = await atTime(await clerk.export(), 10);
  await clerk.seed([onDay("user_2a", 1, BCRYPT), onDay("user_2b", 20, BCRYPT)]);
  const fresh = await atTime(await clerk.export(), 30);

  const refused = { code: "EXPORT_INVALID", message: expect.stringContaining(`${old} is older than ${fresh}`) };
  await expect(readLegacyUsers(reading({ ...clerk.access, exports: [fresh, old] }))).rejects.toMatchObject(refused);
  await atTime(old, 31); // somebody copied it
  await expect(readLegacyUsers(reading({ ...clerk.access, exports: [fresh, old] }))).rejects.toMatchObject(refused);
  const dated = (file: string, day: number) => ({ file, takenAt: new Date(BEGIN + day * DAY).toISOString() });
  const users = await readLegacyUsers(reading({ ...clerk.access, exports: [dated(old, 10), dated(fresh, 30)] }));
  expect(users.map((user) => user.hasher)).toEqual(["bcrypt", "bcrypt"]);
});

test("an instance that knows nobody of the export is another one", async () => {
  const [exported, other] = [await startClerk(), await startClerk()];
  await exported.seed([onDay("user_2a", 1), onDay("user_2b", 2)]);
  const file = await exported.export();
  const refused = {
    code: "CLERK_REFUSED",
    message: expect.stringContaining("none of the 2 of the exports"),
    next: expect.stringContaining("CLERK_SECRET_KEY"),
  };

  await expect(readLegacyUsers(reading({ ...other.access, exports: [file] }))).rejects.toMatchObject(refused);
  await other.seed([onDay("user_2z", 1)]);
  await expect(readLegacyUsers(reading({ ...other.access, exports: [file] }))).rejects.toMatchObject(refused);
});

test("the export alone, or the API alone, is read with the loss stated", async () => {
  const clerk = await startClerk();
  await clerk.seed([onDay("user_2a", 1, BCRYPT)]);
  const file = await clerk.export();

  expect(await readLegacyUsers(reading({ exports: [file] }))).toMatchObject([
    { id: "user_2a", inApi: null, inExport: true, hasPassword: true },
  ]);
  expect(await notesOf(reading({ exports: [file] }))).toEqual([expect.stringContaining("No API was read")]);
  expect(await readLegacyUsers(reading(clerk.access))).toMatchObject([
    { id: "user_2a", inApi: true, inExport: null, hasPassword: true, digest: null },
  ]);
  expect(await notesOf(reading(clerk.access))).toEqual([expect.stringContaining("No export was read")]);
});

test("the first sign-up that the export does not have dates it, where the file was copied later", async () => {
  const clerk = await startClerk();
  await clerk.seed([onDay("user_2a", 1, { ...BCRYPT, password_last_updated_at: BEGIN + 15 * DAY })]);
  const file = await clerk.export();
  await clerk.seed([onDay("user_2b", 10, { missingInExport: true })]);
  const [user] = await readLegacyUsers(reading({ ...clerk.access, exports: [file] }));

  expect(user?.exported?.takenAt).toEqual(new Date(BEGIN + 10 * DAY));
  expect(user?.passwordChangedAt).toEqual(new Date(BEGIN + 15 * DAY));
});

test("an export that lacks people who were there before its newest one is not whole", async () => {
  const clerk = await startClerk();
  await clerk.seed([onDay("user_2a", 1, { missingInExport: true }), onDay("user_2b", 10)]);
  const file = await clerk.export();

  expect(await notesOf(reading({ ...clerk.access, exports: [file] }))).toEqual([
    "The exports are not whole: 1 people who signed up before the newest of them are in none (user_2a).",
  ]);
  const users = await readLegacyUsers(reading({ ...clerk.access, exports: [file] }));
  expect(users.find((user) => user.id === "user_2b")?.exported?.takenAt.getFullYear()).toBeGreaterThan(2025);
});

test("organizations of Clerk: each member with the role, and how many invitations wait", async () => {
  const clerk = await startClerk();
  await clerk.seed([onDay("user_2a", 1), onDay("user_2b", 2)]);
  const file = await clerk.export();
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${clerk.twin.url}/v1/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${clerk.access.secretKey}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    return (await answer.json()) as { id: string };
  };
  const { id } = await post("organizations", { name: "Clinic", created_by: "user_2a" });
  await post(`organizations/${id}/memberships`, { user_id: "user_2b", role: "org:member" });
  await post(`organizations/${id}/invitations`, { email_address: "c@example.org", role: "org:member" });
  await post("invitations", { email_address: "d@example.org" });
  const config = reading({ ...clerk.access, exports: [file] });

  expect((await readLegacyUsers(config)).map((user) => user.organizations)).toEqual([
    [{ id, name: "Clinic", role: "org:admin" }],
    [{ id, name: "Clinic", role: "org:member" }],
  ]);
  expect(await notesOf(config)).toEqual([
    expect.stringContaining("Clerk has 1 organizations with 2 members and 1 invitations"),
    expect.stringContaining("1 invitations to sign up wait"),
  ]);
});

test("with a judge no digest and no secret is kept, and the verdict is", async () => {
  const clerk = await startClerk();
  await clerk.seed([
    onDay("user_2a", 1, { ...BCRYPT, totp_secret: "JBSWY3DPEHPK3PXP" }),
    onDay("user_2b", 2),
    onDay("user_2c", 3, { ...BCRYPT, missingInExport: true }),
    onDay("user_2d", 4, { totp_secret: "no secret" }),
  ]);
  const asked: string[] = [];
  const users = await withStagedUsers(
    reading({ ...clerk.access, exports: [await clerk.export()] }),
    (hasher, digest) => {
      asked.push(`${hasher} ${digest}`);
      return "below_floor";
    },
    async (stage) => [...stage.users()],
  );

  expect(asked).toEqual(["bcrypt $2b$10$x"]);
  expect(users.map((user) => [user.id, user.passwordVerdict, user.totp !== null, user.totpUnreadable])).toEqual([
    ["user_2a", "below_floor", true, false],
    ["user_2b", "none", false, false],
    ["user_2c", "unknown", false, false],
    ["user_2d", "none", false, true],
  ]);
  expect(users.some((user) => user.digest?.reveal() || user.totp?.reveal() === "JBSWY3DPEHPK3PXP")).toBe(false);
});
