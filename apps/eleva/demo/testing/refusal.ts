import { expect } from "vitest";
import type { Outcome } from "../rehome.ts";
import type { DemoWorld } from "../world.ts";

/** How a verb must say no. */
export interface Refusal {
  exit: 1 | 2 | 3;
  /** Of the one JSON document. */
  code: string;
  /** Parts of the one sentence that names the thing. */
  says: readonly (string | RegExp)[];
  /** Part of the remedy. */
  next: string | RegExp;
}

/**
 * Holds an outcome against the contract: one `Error:` and one `Next:` on stderr, one JSON document with the same words on stdout, the exit code,
 * and none of the world's values in either.
 */
export function expectRefusal(outcome: Outcome, world: DemoWorld, { exit, code, says, next }: Refusal): void {
  const { stdout, stderr, result } = outcome;
  expect(stderr.match(/^Error: .*$/gm), stderr).toHaveLength(1);
  expect(stderr.match(/^Next: {2}.*$/gm), stderr).toHaveLength(1);
  expect(stderr.trimEnd().split("\n").slice(-2), "the last two lines").toEqual([
    expect.stringMatching(/^Error: /),
    expect.stringMatching(/^Next: /),
  ]);
  const message = /^Error: (.*)$/m.exec(stderr)?.[1] ?? "";
  const remedy = /^Next: {2}(.*)$/m.exec(stderr)?.[1] ?? "";
  for (const part of says) {
    if (typeof part === "string") expect(message).toContain(part);
    else expect(message).toMatch(part);
  }
  expect(remedy).toMatch(next);
  expect(stdout.trimEnd().split("\n"), "one document").toHaveLength(1);
  expect(result).toEqual({ ok: false, error: { code, message }, next_step: remedy });
  expect(outcome.code).toBe(exit);
  expectNoValues(outcome, world);
}

/** Keys, passwords, digests, TOTP secrets, addresses and texts of rows: none may be in what a command prints. */
export function expectNoValues({ stdout, stderr }: Outcome, world: DemoWorld): void {
  const printed = stdout + stderr;
  for (const [kind, values] of Object.entries(secretsOf(world))) {
    expect(values.length, kind).toBeGreaterThan(0);
    expect(
      values.filter((value) => printed.includes(value)),
      kind,
    ).toEqual([]);
  }
}

function secretsOf({ env, eleva }: DemoWorld): Record<string, string[]> {
  const long = (value: unknown): value is string => typeof value === "string" && value.length >= 8;
  const rows = Object.values(eleva.tables).flat();
  const password = (name: string) => new URL(env[name] ?? "").password;
  return {
    keys: [env["CLERK_SECRET_KEY"], env["WORKOS_API_KEY"], env["ENCRYPTION_KEY"]].filter(long),
    "database passwords": [password("TARGET_MOVER_URL"), password("DATABASE_URL")].filter(long),
    digests: eleva.clerkUsers.map((user) => user.password_digest).filter(long),
    "TOTP secrets": eleva.clerkUsers.map((user) => user.totp_secret).filter(long),
    addresses: eleva.clerkUsers.flatMap((user) => user.emails.map((email) => email.address)).filter(long),
    "row values": rows.flatMap((row) => Object.values(row).filter((value) => long(value) && /\s|@|\{/.test(value))).filter(long),
  };
}
