import { expect, test } from "vitest";
import { readLegacyUsers } from "../read-users.ts";
import type { LegacyUser } from "./join.ts";
import { type ClerkSeedUser, clerkUser, startClerk } from "./testing/clerk.ts";

/** Through the real doors: the twin's CSV and the twin's API. */
async function legacyUsers(users: readonly ClerkSeedUser[], exportQuery = ""): Promise<Map<string, LegacyUser>> {
  const clerk = await startClerk();
  await clerk.seed(users);
  const joined = await readLegacyUsers({ ...clerk.access, exports: [await clerk.export(exportQuery)], acceptUncounted: 0 });
  return new Map(joined.map((user) => [user.id, user]));
}

const someone = clerkUser("user_2someone");

test("one record an id, whether export, API or both name it", async () => {
  const users = await legacyUsers([
    clerkUser("user_2both"),
    clerkUser("user_2api", { missingInExport: true }),
    clerkUser("user_2export", { deletedInApi: true, first_name: "Ana" }),
  ]);

  expect([...users.values()].map((user) => [user.id, user.inExport, user.inApi]).sort()).toEqual([
    ["user_2api", false, true],
    ["user_2both", true, true],
    ["user_2export", true, false],
  ]);
  expect(users.get("user_2export")).toMatchObject({ firstName: "Ana", roles: [], createdAt: null, imageUrl: null });
});

test("an address is verified when the API says so, whatever the export lists", async () => {
  const emails = [
    { address: "p@example.org", verified: true, primary: true },
    { address: "q@example.org", verified: true, primary: false },
    { address: "r@example.org", verified: false, primary: false },
  ];
  const users = await legacyUsers([
    clerkUser("user_2a", { emails }),
    clerkUser("user_2b", { emails: [{ address: "u@example.org", verified: false, primary: true }] }),
  ]);

  expect(users.get("user_2a")?.primaryAddress).toEqual({ address: "p@example.org", verified: true }); // the export does not list it as verified
  expect(users.get("user_2a")?.otherAddresses).toEqual([
    { address: "q@example.org", verified: true },
    { address: "r@example.org", verified: false },
  ]);
  expect(users.get("user_2b")?.primaryAddress).toEqual({ address: "u@example.org", verified: false });
});

test.each([
  ["", false],
  ["?primaryInVerified=true", true],
])("without the API the export decides: primary among the verified ones (%j) is %s", async (query, verified) => {
  const emails = [
    { address: "p@example.org", verified: true, primary: true },
    { address: "q@example.org", verified: true, primary: false },
  ];
  const users = await legacyUsers([someone, clerkUser("user_2gone", { emails, deletedInApi: true })], query);

  expect(users.get("user_2gone")).toMatchObject({
    primaryAddress: { address: "p@example.org", verified },
    otherAddresses: [{ address: "q@example.org", verified: true }],
  });
});

test("digests and TOTP secrets come from the export", async () => {
  const credentials = { password_digest: "$2b$10$x", password_hasher: "bcrypt", totp_secret: "JBSWY3DPEHPK3PXP" };
  const users = await legacyUsers([
    clerkUser("user_2a", credentials),
    clerkUser("user_2new", { ...credentials, missingInExport: true }),
    someone,
  ]);

  const both = users.get("user_2a");
  expect([both?.digest?.reveal(), both?.hasher, both?.totp?.reveal(), both?.hasPassword, both?.totpEnabled]).toEqual([
    "$2b$10$x",
    "bcrypt",
    "JBSWY3DPEHPK3PXP",
    true,
    true,
  ]);
  expect(users.get("user_2new")).toMatchObject({ digest: null, hasher: null, totp: null, hasPassword: true, totpEnabled: true });
  expect(users.get("user_2someone")).toMatchObject({ digest: null, hasher: null, totp: null, hasPassword: false, totpEnabled: false });
});

test("a password or factor that was removed after the export is not brought back", async () => {
  const clerk = await startClerk();
  await clerk.seed([clerkUser("user_2a", { password_digest: "$2b$10$x", password_hasher: "bcrypt", totp_secret: "JBSWY3DPEHPK3PXP" })]);
  const exported = await clerk.export();
  await clerk.seed([clerkUser("user_2a")]);
  const [user] = await readLegacyUsers({ ...clerk.access, exports: [exported], acceptUncounted: 0 });

  expect(user).toMatchObject({ inExport: true, digest: null, hasher: null, totp: null, hasPassword: false, totpEnabled: false });
});

test("a role is a text or a list; anything else becomes a text that is no role", async () => {
  const cases: [role: unknown, roles: string[]][] = [
    [undefined, []],
    [null, []],
    ["Admin", ["Admin"]],
    [
      ["community_expert", "admin"],
      ["community_expert", "admin"],
    ],
    [[], []],
    ["", [""]],
    ["adm\0in", ["adm\ufffdin"]],
    [7, ["7"]],
    [{ name: "admin" }, ['{"name":"admin"}']],
    [
      ["admin", null],
      ["admin", "null"],
    ],
  ];
  const seeds = cases.map(([role], index) => clerkUser(`user_2${index}`, { public_metadata: role === undefined ? {} : { role } }));
  const users = await legacyUsers(seeds);

  expect(seeds.map((seed) => users.get(seed.id)?.roles)).toEqual(cases.map(([, roles]) => roles));
});

test("country and security preferences come from public metadata, losses from the rest", async () => {
  const preferences = { notifyOnNewDevice: true, alerts: ["email"] };
  const users = await legacyUsers([
    clerkUser("user_2a", {
      public_metadata: { country: "PT", securityPreferences: preferences },
      phones: [
        { number: "+351900000001", verified: true, primary: true },
        { number: "+351900000002", verified: true, primary: false, second_factor: true },
      ],
      passkeys: 1,
      backup_code_enabled: true,
      external_accounts: [{ provider: "oauth_google", email: "a@example.org", verified: true }],
    }),
    clerkUser("user_2b", {
      emails: [],
      phones: [{ number: "+351900000003", verified: true, primary: true }],
      public_metadata: { country: 7 },
    }),
  ]);

  expect(users.get("user_2a")).toMatchObject({
    country: "PT",
    securityPreferences: preferences,
    phones: 2,
    smsSecondFactor: true,
    passkeys: 1,
    backupCodes: true,
    externalAccounts: [{ provider: "oauth_google", address: "a@example.org", verified: true }],
  });
  expect(users.get("user_2b")).toMatchObject({
    primaryAddress: null,
    country: null,
    securityPreferences: null,
    phones: 1,
    smsSecondFactor: false,
  });
});

test("what Postgres or WorkOS would not keep is replaced, cut or left out, and said", async () => {
  const clerk = await startClerk();
  await clerk.seed([
    clerkUser("user_2a", {
      first_name: "A\0na",
      last_name: "\u00a0 ",
      username: `${"x".repeat(600)}`,
      created_at: 9e15,
      public_metadata: { country: "P\0T", securityPreferences: { note: ["\0"] } },
    }),
  ]);
  // Half a character pair comes through JSON as an escape.
  const users = await readLegacyUsers({ ...clerk.access, exports: [], acceptUncounted: 0 });
  expect(users[0]).toMatchObject({
    firstName: "A\ufffdna",
    lastName: null,
    username: "x".repeat(500),
    country: "P\ufffdT",
    securityPreferences: { note: ["\ufffd"] },
    createdAt: null,
    repairs: [
      { field: "username", what: "cut" },
      { field: "first_name", what: "characters_replaced" },
      { field: "public_metadata.country", what: "characters_replaced" },
      { field: "public_metadata.securityPreferences", what: "characters_replaced" },
      { field: "created_at", what: "unreadable_date" },
    ],
  });
});

test("metadata without a place is named by its path, never by its value", async () => {
  const users = await legacyUsers([
    clerkUser("user_2a", {
      public_metadata: { role: "user", plan: "marker" },
      private_metadata: { stripeId: "marker" },
      unsafe_metadata: { setup: "marker" },
      external_id: "marker",
      locale: "pt",
    }),
  ]);
  expect(users.get("user_2a")?.unplaced).toEqual(["public.plan", "private.stripeId", "unsafe.setup", "external_id", "locale"]);
  expect(JSON.stringify(users.get("user_2a"))).not.toContain("marker");
});
