import { pbkdf2Sync } from "node:crypto";
import { createClerkClient } from "@clerk/backend";
import { generate } from "otplib";
import { afterEach, describe, expect, test } from "vitest";
import type { ClerkSeedUser } from "./seed.ts";
import { type ClerkTwin, type ClerkTwinOptions, startClerkTwin } from "./twin.ts";

const twins: ClerkTwin[] = [];

afterEach(async () => {
  await Promise.all(twins.splice(0).map((twin) => twin.stop()));
});

async function start(options: ClerkTwinOptions = {}) {
  const twin = await startClerkTwin(options);
  twins.push(twin);
  const clerk = createClerkClient({ secretKey: twin.secretKey, apiUrl: twin.url, telemetry: { disabled: true } });
  const admin = async (method: string, path: string, body?: unknown) => {
    const headers = { "x-twin-admin": twin.adminToken };
    return fetch(`${twin.url}/__twin/${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  };
  return { twin, clerk, admin };
}

function seed(id: string, changes: Partial<ClerkSeedUser> = {}): ClerkSeedUser {
  return {
    id,
    username: null,
    first_name: "Ana",
    last_name: null,
    emails: [{ address: `${id}@example.org`, verified: true, primary: true }],
    phones: [],
    external_accounts: [],
    banned: false,
    locked: false,
    created_at: 1_700_000_000_000,
    updated_at: 1_700_000_000_001,
    last_sign_in_at: null,
    public_metadata: {},
    unsafe_metadata: {},
    private_metadata: {},
    image_url: "",
    locale: null,
    ...changes,
  };
}

describe("keys", () => {
  test("a wrong secret key is refused in Clerk's form", async () => {
    const { twin } = await start();
    const wrong = createClerkClient({ secretKey: "sk_test_wrong", apiUrl: twin.url, telemetry: { disabled: true } });

    await expect(wrong.users.getUserList()).rejects.toMatchObject({
      status: 401,
      errors: [expect.objectContaining({ code: "clerk_key_invalid" })],
    });
  });

  test("the admin side is closed without its token", async () => {
    const { twin } = await start();

    for (const headers of [{}, { "x-twin-admin": "wrong" }, { authorization: `Bearer ${twin.secretKey}` }]) {
      expect((await fetch(`${twin.url}/__twin/export.csv`, { headers })).status).toBe(401);
    }
  });
});

describe("limits", () => {
  test("one request too many is refused with Retry-After, and the window passes at the clock's speed", async () => {
    const { twin, clerk } = await start({ limits: { requestsPer10s: 3 }, clockSpeed: 5 }); // a window of two seconds here
    await clerk.jwks.getJwks();
    await Promise.all([1, 2, 3].map(() => clerk.users.getCount()));

    await expect(clerk.users.getCount()).rejects.toMatchObject({ status: 429, retryAfter: expect.toBeOneOf([1, 2]) });
    const { keys } = await clerk.jwks.getJwks(); // free of the limit
    expect(keys).toHaveLength(1);
    await expect.poll(() => clerk.users.getCount().catch(() => "refused"), { timeout: 5000 }).toBe(0);
    expect(twin.port).toBeGreaterThan(0);
  });

  test("one user is updated ten times in ten seconds, not eleven", async () => {
    const { clerk, admin } = await start();
    await admin("POST", "users", [seed("user_2a")]);
    for (let i = 0; i < 10; i++) await clerk.users.updateUserMetadata("user_2a", { publicMetadata: { i } });

    await expect(clerk.users.updateUser("user_2a", { firstName: "x" })).rejects.toMatchObject({ status: 429 });
  });
});

describe("faults", () => {
  test.each([
    ["status", 0],
    ["reset_before", 0],
    ["reset_after", 1],
  ] as const)("%s strikes as often as told; users made meanwhile: %i", async (kind, madeMeanwhile) => {
    const { clerk, admin } = await start();
    await admin("POST", "faults", { pathPattern: "^/v1/users$", method: "POST", kind, status: 503, times: 1 });
    const make = () => clerk.users.createUser({ username: `u${Math.random()}`.replace(".", ""), skipPasswordRequirement: true });

    await expect(make()).rejects.toThrow();
    expect(await clerk.users.getCount()).toBe(madeMeanwhile);
    await make();
    expect(await (await admin("GET", "counters")).json()).toMatchObject({ faults: 1, byRoute: { "POST /v1/users": 2 } });
  });

  test("latency delays, a rate strikes a share that the seed fixes, and clearing ends it", async () => {
    const { clerk, admin } = await start();
    await admin("POST", "faults", { pathPattern: "count", kind: "latency", latencyMs: 60, times: 1 });
    const before = performance.now();
    await clerk.users.getCount();
    expect(performance.now() - before).toBeGreaterThan(50);

    const run = async () => {
      await admin("POST", "faults", { pathPattern: "count", kind: "status", status: 500, rate: 0.5, seed: 7 });
      const outcomes = [];
      for (let i = 0; i < 20; i++)
        outcomes.push(
          await clerk.users
            .getCount()
            .then(() => "ok")
            .catch(() => "failed"),
        );
      await admin("DELETE", "faults");
      return outcomes;
    };
    const first = await run();
    expect(new Set(first)).toEqual(new Set(["ok", "failed"]));
    expect(await run()).toEqual(first);
    await clerk.users.getCount();
  });
});

describe("seeded users", () => {
  test("the API shows everything but digest and secret", async () => {
    const { clerk, admin } = await start();
    const rich = seed("user_2rich", {
      username: "ana",
      emails: [
        { address: "a@example.org", verified: false, primary: true },
        { address: "b@example.org", verified: true, primary: false },
      ],
      phones: [{ number: "+351900000001", verified: true, primary: true, second_factor: true }],
      external_accounts: [{ provider: "oauth_google", email: "b@example.org", verified: true }],
      password_digest: "marker-digest",
      password_hasher: "md5",
      totp_secret: "MARKERSECRET",
      passkeys: 2,
      backup_code_enabled: true,
      banned: true,
      public_metadata: { role: "admin" },
    });
    await admin("POST", "users", [rich]);
    const user = await clerk.users.getUser("user_2rich");

    expect(user).toMatchObject({
      username: "ana",
      passwordEnabled: true,
      totpEnabled: true,
      backupCodeEnabled: true,
      twoFactorEnabled: true,
      banned: true,
    });
    expect(user.emailAddresses.map((email) => [email.emailAddress, email.verification?.status])).toEqual([
      ["a@example.org", "unverified"],
      ["b@example.org", "verified"],
    ]);
    expect(user.primaryEmailAddress?.emailAddress).toBe("a@example.org");
    expect(user.phoneNumbers[0]?.reservedForSecondFactor).toBe(true);
    expect(user.externalAccounts[0]?.provider).toBe("oauth_google");
    expect((user.raw as unknown as { passkeys: unknown[] }).passkeys).toHaveLength(2);
    expect(JSON.stringify(user.raw)).not.toMatch(/marker/i);
  });

  test("passwords are checked by their hashers, TOTP codes by their secret", async () => {
    const { clerk, admin } = await start();
    const django = `pbkdf2_sha256$1000$Salz$${pbkdf2Sync("geheim 1", "Salz", 1000, 32, "sha256").toString("base64")}`;
    const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    await admin("POST", "users", [
      seed("user_2django", { password_digest: django, password_hasher: "pbkdf2_sha256_django", totp_secret: secret }),
      seed("user_2md5", { password_digest: "5f4dcc3b5aa765d61d8327deb882cf99", password_hasher: "md5" }),
      seed("user_2argon", {
        // from the reference implementation's tests
        password_digest: "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        password_hasher: "argon2id",
      }),
      seed("user_2phpass", { password_digest: "$P$B", password_hasher: "phpass" }),
    ]);
    const check = (userId: string, password: string) =>
      clerk.users.verifyPassword({ userId, password }).then(
        () => "fits",
        (error) => error.errors[0].code,
      );

    expect(await check("user_2django", "geheim 1")).toBe("fits");
    expect(await check("user_2django", "geheim 2")).toBe("incorrect_password");
    expect(await check("user_2md5", "password")).toBe("fits");
    expect(await check("user_2argon", "password")).toBe("fits");
    expect(await check("user_2argon", "passwort")).toBe("incorrect_password");
    expect(await check("user_2phpass", "x")).toBe("twin_hasher_unknown");
    const code = await generate({ secret });
    expect(await clerk.users.verifyTOTP({ userId: "user_2django", code })).toMatchObject({ verified: true });
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, "0");
    await expect(clerk.users.verifyTOTP({ userId: "user_2django", code: wrong })).rejects.toMatchObject({ status: 422 });
  });

  test("Google's tokens come from linked accounts that Clerk can refresh", async () => {
    const { clerk, admin } = await start();
    const google = { provider: "oauth_google", email: "a@example.org", verified: true } as const;
    await admin("POST", "users", [
      seed("user_2g", { external_accounts: [google] }),
      seed("user_2n", { external_accounts: [{ ...google, refreshable: false }] }),
      seed("user_2o"),
    ]);

    expect((await clerk.users.getUserOauthAccessToken("user_2g", "google")).data).toHaveLength(1);
    expect((await clerk.users.getUserOauthAccessToken("user_2o", "google")).data).toHaveLength(0);
    await expect(clerk.users.getUserOauthAccessToken("user_2n", "google")).rejects.toMatchObject({
      errors: [expect.objectContaining({ code: "oauth_missing_refresh_token" })],
    });
  });
});

describe("the Dashboard's export", () => {
  const HEADER =
    "id,first_name,last_name,username,primary_email_address,primary_phone_number,verified_email_addresses,unverified_email_addresses," +
    "verified_phone_numbers,unverified_phone_numbers,totp_secret,password_digest,password_hasher";
  const user = seed("user_2x", {
    first_name: 'Ana "A", Silva',
    emails: ["p", "q", "r"].map((name, index) => ({ address: `${name}@example.org`, verified: index !== 1, primary: index === 0 })),
    password_digest: "$2b$10$x",
    password_hasher: "bcrypt",
    banned: true,
  });

  test("lists banned users, digests, and the primary address only in its own column", async () => {
    const { admin } = await start();
    await admin("POST", "users", [user]);
    const csv = await (await admin("GET", "export.csv")).text();

    expect(csv).toBe(`${HEADER}\nuser_2x,"Ana ""A"", Silva",,,p@example.org,,r@example.org,q@example.org,,,,$2b$10$x,bcrypt\n`);
    const other = await (await admin("GET", "export.csv?primaryInVerified=true&separator=,")).text();
    expect(other).toContain(',"p@example.org,r@example.org",q@example.org,');
  });

  test("a user can be in the export only, or in the API only", async () => {
    const { clerk, admin } = await start();
    await admin("POST", "users", [
      seed("user_2a"),
      seed("user_2b"),
      seed("user_2c", { missingInExport: true }),
      seed("user_2d", { deletedInApi: true }),
    ]);
    await admin("DELETE", "users/user_2a");
    await admin("PATCH", "users/user_2b", { inExport: false });
    const exported = (await (await admin("GET", "export.csv")).text()).match(/^user_2./gm);

    expect(exported).toEqual(["user_2a", "user_2d"]);
    expect((await clerk.users.getUserList()).data.map((one) => one.id).sort()).toEqual(["user_2b", "user_2c"]);
  });
});

test("a sign-in token is redeemed once, and session tokens carry the claims of the Dashboard", async () => {
  const { clerk, admin } = await start({ sessionClaims: { metadata: "{{user.public_metadata}}" } });
  await admin("POST", "users", [seed("user_2a", { public_metadata: { role: "admin" } })]);
  const { token: ticket } = await clerk.signInTokens.createSignInToken({ userId: "user_2a", expiresInSeconds: 60 });
  const { token } = (await (await admin("POST", "sessions", { ticket })).json()) as { token: string };

  expect(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())).toMatchObject({
    sub: "user_2a",
    metadata: { role: "admin" },
  });
  expect((await admin("POST", "sessions", { ticket })).status).toBe(422);
});
