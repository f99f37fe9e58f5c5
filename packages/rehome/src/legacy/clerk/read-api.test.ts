import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { readClerkApi } from "./read-api.ts";
import { type ClerkSeedUser, clerkUser, startClerk } from "./testing/clerk.ts";

const many = (count: number, sameInstant = false) =>
  Array.from({ length: count }, (_, index) =>
    clerkUser(`user_2${String(index).padStart(6, "0")}`, {
      created_at: 1_700_000_000_000 + (sameInstant ? 0 : index),
      updated_at: 1_700_000_000_000,
    }),
  );
const idsOf = (users: readonly { id: string }[]) => users.map((user) => user.id).sort();

/** A front for the twin that runs something after the nth list request went through. */
async function meanwhile(target: string, actions: Record<number, () => Promise<unknown>>): Promise<string> {
  let lists = 0;
  const server = createServer(async (request, response) => {
    const answer = await fetch(target + request.url, { headers: { authorization: request.headers.authorization ?? "" } });
    const body = await answer.text();
    if (request.url?.startsWith("/v1/users?")) await actions[++lists]?.();
    response.writeHead(answer.status, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("reading all users", () => {
  test("each once, whatever their number has to do with the size of a page", async () => {
    const clerk = await startClerk();
    for (const count of [0, 1, 449, 450, 500, 501, 1203]) {
      await clerk.seed(many(count));

      expect(idsOf(await readClerkApi(clerk.access))).toEqual(idsOf(many(count)));
    }
  });

  test("each once, also when all were created in one instant", async () => {
    const clerk = await startClerk();
    await clerk.seed(many(1203, true));

    expect(idsOf(await readClerkApi(clerk.access))).toEqual(idsOf(many(1203)));
  });

  test("what the mover needs of a user, and nothing private", async () => {
    const clerk = await startClerk();
    await clerk.seed([
      clerkUser("user_2a", {
        username: "ana",
        first_name: "Ana",
        emails: [
          { address: "Ana@Example.org", verified: false, primary: true },
          { address: "b@example.org", verified: true, primary: false },
        ],
        phones: [{ number: "+351900000001", verified: true, primary: true, second_factor: true }],
        external_accounts: [{ provider: "oauth_google", email: "b@example.org", verified: true }],
        password_digest: "x",
        password_hasher: "md5",
        totp_secret: "JBSWY3DPEHPK3PXP",
        passkeys: 2,
        backup_code_enabled: true,
        locked: true,
        public_metadata: { role: ["admin"] },
        private_metadata: { googleAccessToken: "marker" },
        unsafe_metadata: { setupComplete: "marker" },
        image_url: "https://img.example/a",
      }),
    ]);
    const [user] = await readClerkApi(clerk.access);

    expect(user).toEqual({
      id: "user_2a",
      username: "ana",
      firstName: "Ana",
      lastName: null,
      imageUrl: "https://img.example/a",
      addresses: [
        { address: "Ana@Example.org", verified: false, primary: true },
        { address: "b@example.org", verified: true, primary: false },
      ],
      phones: [{ verified: true, secondFactor: true }],
      hasPassword: true,
      totpEnabled: true,
      backupCodes: true,
      passkeys: 2,
      externalAccounts: [{ provider: "oauth_google", address: "b@example.org", verified: true }],
      banned: false,
      locked: true,
      publicMetadata: { role: ["admin"] },
      unplaced: ["private.googleAccessToken", "unsafe.setupComplete"],
      createdAt: 1_700_000_000_000,
      updatedAt: 1_700_000_000_000,
      passwordChangedAt: 1_700_000_000_000,
      totpChangedAt: 1_700_000_000_000,
    });
  });
});

describe("while users come and go", () => {
  const cases: [string, (clerk: Awaited<ReturnType<typeof startClerk>>) => Promise<unknown>, (ids: string[]) => string[]][] = [
    ["one signs up", (clerk) => clerk.seed([late("user_2zz")]), (ids) => [...ids, "user_2zz"]],
    [
      "one is created with a date of long ago",
      (clerk) => clerk.seed([late("user_2past", { created_at: 1_600_000_000_000 })]),
      (ids) => [...ids, "user_2past"],
    ],
    ["ten that were read are deleted", (clerk) => remove(clerk, 0, 10), (ids) => ids.slice(10)],
    ["more that were read are deleted than pages overlap", (clerk) => remove(clerk, 0, 120), (ids) => ids.slice(120)],
    ["almost all are deleted", (clerk) => remove(clerk, 3, 1100), (ids) => [...ids.slice(0, 3), ...ids.slice(1103)]],
  ];

  // The first list request asks for the newest change, the second is the first page.
  test.each(cases)("%s after the first page", async (_, happen, expectedOf) => {
    const clerk = await startClerk({ limits: { requestsPer10s: 10_000 } });
    const users = many(1203);
    await clerk.seed(users);
    const apiUrl = await meanwhile(clerk.twin.url, { 2: () => happen(clerk) });

    expect(idsOf(await readClerkApi({ ...clerk.access, apiUrl }))).toEqual(expectedOf(idsOf(users)).sort());
  });

  test("one who is changed after being read is read as changed", async () => {
    const clerk = await startClerk();
    await clerk.seed(many(1203));
    const change = () => clerk.seed([late("user_2000001", { banned: true, created_at: 1_700_000_000_001 })]);
    const users = await readClerkApi({ ...clerk.access, apiUrl: await meanwhile(clerk.twin.url, { 2: change }) });

    expect(users.find((user) => user.id === "user_2000001")?.banned).toBe(true);
    expect(users).toHaveLength(1203);
  });

  test("a count that never fits the list is an error, not a shorter list", async () => {
    const clerk = await startClerk();
    await clerk.seed(many(3));
    const vanish = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [index, () => clerk.seed([late(`user_2x${index}`, { updated_at: 1 })])]),
    );

    await expect(readClerkApi({ ...clerk.access, apiUrl: await meanwhile(clerk.twin.url, vanish) })).rejects.toMatchObject({
      code: "CLERK_UNREACHABLE",
      message: expect.stringMatching(/^Clerk counts \d+ users and lists \d+, in 3 readings/),
      next: expect.stringContaining("legacy.clerk.acceptUncounted"),
      retry: true,
    });
  });

  test("a count that stays wrong by as much as the operator accepts is passed over", async () => {
    const clerk = await startClerk();
    await clerk.seed(many(3));
    const server = createServer(async (request, response) => {
      const answer = await fetch(clerk.twin.url + request.url, { headers: { authorization: request.headers.authorization ?? "" } });
      const body = (await answer.json()) as { total_count: number };
      if (request.url?.startsWith("/v1/users/count")) body.total_count += 1;
      response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const access = { ...clerk.access, apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };

    await expect(readClerkApi(access)).rejects.toMatchObject({ next: expect.stringContaining("acceptUncounted to 1") });
    expect(await readClerkApi(access, { acceptUncounted: 1 })).toHaveLength(3);
  });
});

describe("when Clerk refuses or fails", () => {
  test("the limit is met, and waited out", async () => {
    const clerk = await startClerk({ limits: { requestsPer10s: 4 }, clockSpeed: 20 });
    await clerk.seed(many(501));

    expect(await readClerkApi(clerk.access)).toHaveLength(501);
    const { byStatus } = (await (await clerk.admin("GET", "counters")).json()) as { byStatus: Record<string, number> };
    expect(byStatus["429"]).toBeGreaterThan(0);
  });

  test("429 is repeated after as long as Retry-After says, a second here", async () => {
    const clerk = await startClerk();
    await clerk.admin("POST", "faults", { pathPattern: "^/v1/users$", kind: "status", status: 429, times: 1 });
    const before = performance.now();

    expect(await readClerkApi(clerk.access)).toEqual([]);
    expect(performance.now() - before).toBeGreaterThan(990);
  });

  test.each(["status", "reset_before", "reset_after"])("a passing %s is retried", async (kind) => {
    const clerk = await startClerk();
    await clerk.seed(many(10));
    await clerk.admin("POST", "faults", { pathPattern: "^/v1/users", kind, status: 502, times: 3 });

    expect(await readClerkApi(clerk.access)).toHaveLength(10);
  });

  test("a lasting 500 ends after six tries", async () => {
    const clerk = await startClerk();
    await clerk.admin("POST", "faults", { pathPattern: "^/v1/users$", kind: "status", status: 500 });

    await expect(readClerkApi(clerk.access)).rejects.toMatchObject({
      code: "CLERK_UNREACHABLE",
      message: expect.stringContaining("500 twin_fault: could not list users in 6 tries"),
      retry: true,
    });
  });

  test.each([
    [403, "The secret key may not do that"],
    [422, "could not list users."],
  ])("%i is refused at once", async (status, says) => {
    const clerk = await startClerk();
    await clerk.admin("POST", "faults", { pathPattern: "^/v1/users$", kind: "status", status });

    await expect(readClerkApi(clerk.access)).rejects.toMatchObject({
      code: "CLERK_REFUSED",
      message: expect.stringContaining(says),
      retry: false,
    });
    const { faults } = (await (await clerk.admin("GET", "counters")).json()) as { faults: number };
    expect(faults).toBe(1);
  });

  test("a wrong key is said to be one, and not repeated", async () => {
    const { twin } = await startClerk();
    const error = await readClerkApi({ secretKey: "sk_test_marker", apiUrl: twin.url }).catch((thrown) => thrown);

    expect(error).toMatchObject({ code: "CLERK_REFUSED", next: expect.stringContaining("CLERK_SECRET_KEY") });
    expect(error.message).toContain("401 clerk_key_invalid");
    expect(JSON.stringify([error.message, error.next])).not.toContain("sk_test_marker");
  });

  test("nobody answers", async () => {
    const { twin, access } = await startClerk();
    await twin.stop();

    await expect(readClerkApi(access)).rejects.toMatchObject({
      code: "CLERK_UNREACHABLE",
      message: expect.stringContaining(access.apiUrl),
      retry: true,
    });
  });

  test("an answer that does not come is not waited for without end", async () => {
    const clerk = await startClerk();
    await clerk.admin("POST", "faults", { pathPattern: "^/v1/users$", kind: "latency", latencyMs: 20_000, times: 1 });
    await clerk.seed(many(2));
    const before = performance.now();

    expect(await readClerkApi(clerk.access, { timeoutMs: 500 })).toHaveLength(2);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  test("somebody else answers", async () => {
    const server = createServer((_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    await expect(readClerkApi({ secretKey: "sk_test_x", apiUrl })).rejects.toMatchObject({
      code: "CLERK_REFUSED",
      next: expect.stringContaining("legacy.clerk.apiUrl"),
    });
  });
});

function late(id: string, changes: Partial<ClerkSeedUser> = {}): ClerkSeedUser {
  return clerkUser(id, { created_at: 1_800_000_000_000, updated_at: 1_800_000_000_000, ...changes });
}

async function remove(clerk: Awaited<ReturnType<typeof startClerk>>, from: number, count: number): Promise<void> {
  for (const user of many(1203).slice(from, from + count)) await clerk.admin("DELETE", `users/${user.id}`);
}
