import { type ClerkSeedUser, type ClerkTwin, startClerkTwin } from "@rehome/sandbox";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateEleva } from "./generate/eleva.ts";
import { seedClerk } from "./seed-clerk.ts";
import type { ElevaWorld } from "./world.ts";

let twin: ClerkTwin;
let world: ElevaWorld;

beforeAll(async () => {
  world = generateEleva({ users: 300, seed: 1, hashes: "cheap" });
  world.clerkUsers satisfies ClerkSeedUser[];
  twin = await startClerkTwin();
  await seedClerk(twin.url, twin.adminToken, world);
});
afterAll(() => twin.stop());

function ask(path: string, body?: object): Promise<Response> {
  return fetch(new URL(path, twin.url), {
    ...(body && { method: "POST", body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${twin.secretKey}`, "x-twin-admin": twin.adminToken, "content-type": "application/json" },
  });
}

test("the API knows all but the deleted, the export all but those who came later", async () => {
  const { total_count } = (await (await ask("/v1/users/count")).json()) as { total_count: number };
  expect(total_count).toBe(world.clerkUsers.filter((user) => !user.deletedInApi).length);

  const exported = await (await ask("/__twin/export.csv")).text();
  const missing = world.clerkUsers.filter((user) => !exported.includes(`${user.id},`));
  expect(missing.length).toBeGreaterThan(0);
  expect(missing.every((user) => user.missingInExport)).toBe(true);
});

test("people sign in at Clerk with the passwords that the world states", async () => {
  const hashers = ["bcrypt", "argon2id", "pbkdf2_sha256", "pbkdf2_sha256_django", "pbkdf2_sha512", "md5"];
  for (const hasher of hashers) {
    const user = world.clerkUsers.find(
      (one) => one.password_hasher === hasher && world.passwords.has(one.id) && !one.deletedInApi && !one.banned,
    );
    const right = await ask(`/v1/users/${user?.id}/verify_password`, { password: world.passwords.get(user?.id ?? "") });
    expect([hasher, right.status]).toEqual([hasher, 200]);
    const wrong = await ask(`/v1/users/${user?.id}/verify_password`, { password: "wrong" });
    expect([hasher, wrong.status]).toEqual([hasher, 422]);
  }
});

test("a refusal names the status and the way out", async () => {
  await expect(seedClerk(twin.url, "wrong", world)).rejects.toThrow(/status 401.*admin token/);
});
