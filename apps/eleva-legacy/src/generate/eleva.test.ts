import { createHash } from "node:crypto";
import bcryptjs from "bcryptjs";
import { beforeAll, expect, test } from "vitest";
import type { ElevaWorld } from "../world.ts";
import { generateEleva } from "./eleva.ts";

let world: ElevaWorld;
beforeAll(() => {
  world = generateEleva({ users: 300, seed: 1, hashes: "cheap" });
});

function hashOf(one: ElevaWorld): string {
  const text = JSON.stringify({ ...one, passwords: [...one.passwords], totpSecrets: [...one.totpSecrets] });
  return createHash("sha256").update(text).digest("hex");
}

test("the same seed makes the same world, another seed another one", () => {
  const make = (seed: number) => hashOf(generateEleva({ users: 40, seed, hashes: "cheap" }));
  expect(make(5)).toBe(make(5));
  expect(make(5)).not.toBe(make(6));
});

test("the clock of the machine has no part in it: `now` moves everything", () => {
  const later = generateEleva({ users: 12, seed: 1, hashes: "cheap", now: new Date("2030-01-01T00:00:00Z") });
  const newest = later.tables.meetings
    .map((row) => String(row["createdAt"]))
    .sort()
    .at(-1);
  expect(newest?.startsWith("2029-12")).toBe(true);
});

test("every kind of mess is there at 300, as often as wanted", () => {
  expect(world.census.filter((line) => line.found < Math.max(1, line.wanted))).toEqual([]);
  expect(world.census.length).toBeGreaterThan(80);
});

test.each([11, 12])("every kind of mess is there whatever the seed (%i)", (seed) => {
  const { census } = generateEleva({ users: 300, seed, hashes: "cheap" });
  expect(census.filter((line) => line.found < 1).map((line) => line.kind)).toEqual([]);
});

test("every reason of docs/dispositions.md and every reason to stay behind is there at 300", () => {
  const reasons = new Set(Object.values(world.answers.people).map(({ disposition, reason }) => `${disposition} ${reason}`));
  expect([...reasons].sort()).toEqual([
    "exclude banned",
    "exclude deleted_in_clerk",
    "hold address_claimed_twice",
    "hold bad_address",
    "hold no_address",
    "hold not_in_export",
    "hold unknown_role",
    "move external_only",
    "move password",
    "move password_and_totp",
    "move_reset_password below_floor",
    "move_reset_password hasher_without_form",
    "move_reset_password malformed_digest",
    "move_reset_password no_credential",
  ]);
  expect(world.answers.leftBehind["meetings"]).toEqual({
    owner_excluded: expect.any(Number),
    owner_held: expect.any(Number),
    owner_unknown: expect.any(Number),
    parent_left_behind: expect.any(Number),
  });
  for (const table of ["records", "session_packs", "pack_purchases"])
    expect(world.answers.leftBehind[table]?.parent_left_behind).toBeGreaterThan(0);
});

test("experts, roles and volumes have the shapes that were planned", () => {
  const { meetings, records, payment_transfers, scheduleAvailabilities } = world.tables;
  const past = meetings.filter((row) => Date.parse(`${String(row["startTime"]).replace(" ", "T")}Z`) < world.now).length;
  expect(past / meetings.length).toBeCloseTo(0.85, 1);
  expect(records.length / past).toBeCloseTo(0.7, 1);
  const paid = meetings.filter((row) => row["stripeApplicationFeeId"] !== null).length;
  expect(payment_transfers.length / paid).toBeCloseTo(1.03, 2);
  expect(scheduleAvailabilities.length / world.tables.schedules.length).toBeGreaterThan(5);
  const counts = new Map<unknown, number>();
  for (const row of meetings) counts.set(row["clerkUserId"], (counts.get(row["clerkUserId"]) ?? 0) + 1);
  expect(Math.max(...counts.values())).toBe(1500);
});

test("plain passwords open the digests they stand for", () => {
  const byId = new Map(world.clerkUsers.map((user) => [user.id, user]));
  const bcrypts = [...world.passwords].filter(([id]) => byId.get(id)?.password_hasher === "bcrypt").slice(0, 20);
  expect(bcrypts.length).toBe(20);
  for (const [id, password] of bcrypts) expect(bcryptjs.compareSync(password, byId.get(id)?.password_digest as string)).toBe(true);
  for (const [id, secret] of world.totpSecrets) expect(byId.get(id)?.totp_secret).toBe(secret);
});

test.each([1, 2, 3, 4, 5, 8, 10])("a world of %i is a world", (users) => {
  const small = generateEleva({ users, seed: 3, hashes: "cheap" });
  expect(small.clerkUsers.length).toBe(users);
  expect(new Set(small.clerkUsers.map((user) => user.id)).size).toBe(users);
});

test("a world of no one is refused", () => {
  expect(() => generateEleva({ users: 0, seed: 1, hashes: "cheap" })).toThrow("at least one user");
});
