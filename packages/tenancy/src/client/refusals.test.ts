import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { addIssuer, createTenancy, mapIdentities, type Refusal, type RefusalKind, syncKeys, toTenancyError } from "../index.ts";
import { publishing } from "../testing/guarded-database.ts";
import { makeIssuer, part, type TestIssuer } from "../testing/issuer.ts";
import { countRefusals, REFUSAL_KINDS, refusalKind } from "./refusals.ts";
import { type ClientWorld, clientWorld, quietPool } from "./testing/world.ts";

const CLERK = "https://clerk.refusals.test";
let world: ClientWorld;
let pool: Pool;
let clerk: TestIssuer;

beforeAll(async () => {
  world = await clientWorld();
  pool = quietPool({ connectionString: world.loginUrl, max: 2 });
  clerk = makeIssuer({ kid: "ins_2refusals", iss: CLERK });
  await addIssuer(world.owner, { iss: [CLERK], kind: "clerk", jwksUrl: "https://api.clerk.test/v1/jwks", azp: ["https://eleva.test"] });
  await syncKeys(world.owner, "clerk", publishing([clerk.jwk]));
  await mapIdentities(world.owner, "clerk", [{ sub: "user_2clerkA", userId: "user_01A", orgId: "org_01A" }]);
  await world.owner.query("insert into auth.revoked_session values ('session_revoked', now())");
});
afterAll(async () => {
  await pool.end();
  await world.drop();
});

const now = () => Math.floor(Date.now() / 1000);
const clerkToken = (over: object) =>
  clerk.token({ sub: "user_2clerkA", azp: "https://eleva.test", org_id: undefined, nbf: now() - 10, exp: now() + 60, ...over });

const REFUSED: Record<RefusalKind, [token: () => unknown, code: string, sqlstate: string | undefined]> = {
  too_large: [() => world.a({ x: "y".repeat(9000) }), "bad_token", "RJ001"],
  malformed: [() => `${world.a()}==`, "bad_token", "RJ002"],
  algorithm: [() => world.issuer.raw({ alg: "none", kid: world.issuer.kid }, world.issuer.claims()), "bad_token", "RJ003"],
  unknown_key: [() => makeIssuer().token(), "unknown_key", "RJ004"],
  signature: [() => makeIssuer({ kid: world.issuer.kid }).token(), "bad_token", "RJ006"],
  claims: [() => world.a({ sub: 7 }), "bad_token", "RJ007"],
  expired: [() => world.a({ iat: now() - 360, exp: now() - 60 }), "expired", "RJ008"],
  revoked: [() => world.a({ sid: "session_revoked" }), "revoked", "RJ009"],
  issuer: [() => world.a({ iss: "https://evil.test" }), "bad_token", "RJ010"],
  not_yet_valid: [() => world.a({ nbf: now() + 3600 }), "not_yet_valid", "RJ011"],
  lifetime: [() => world.a({ exp: now() + 315_360_000 }), "bad_token", "RJ012"],
  not_moved: [() => clerkToken({ sub: "user_2stranger" }), "bad_token", "RJ016"],
  authorized_party: [() => clerkToken({ azp: "https://evil.test" }), "bad_token", "RJ017"],
  sign_in_pending: [() => clerkToken({ sts: "pending" }), "bad_token", "RJ018"],
};

const NONE = Object.fromEntries(REFUSAL_KINDS.map((kind) => [kind, 0]));

/** A client whose refusals are kept, and a statement through it. */
function watched(over: Partial<Parameters<typeof createTenancy>[0]> = {}) {
  const told: Refusal[] = [];
  const tenancy = createTenancy({ pool, keyWaitMs: 0, onRefused: (refusal) => told.push(refusal), ...over });
  const ask = (token: unknown, sql = "select auth.user_id() as id") => tenancy.as(token as string, (_db, query) => query(sql));
  return { told, tenancy, ask };
}

describe("a token that ends refused moves its counter and no other, and is told once (R49)", () => {
  test.each(Object.entries(REFUSED))("%s", async (kind, [token, code, sqlstate]) => {
    const { told, tenancy, ask } = watched();
    const sent = token() as string;
    await expect(ask(sent)).rejects.toMatchObject({ code, sqlstate });

    const { counts, lastAt } = tenancy.refusals();
    expect(counts).toEqual({ ...NONE, [kind]: 1 });
    expect(lastAt).toEqual({ [kind]: told[0]?.at });
    expect(told).toEqual([{ kind, code, sqlstate, at: expect.any(Date), counters: { counts, lastAt } }]);
    const text = JSON.stringify(told);
    for (let at = 0; at + 12 <= Math.min(sent.length, 3000); at++) expect(text.includes(sent.slice(at, at + 12))).toBe(false);
    for (const claim of ["user_", "org_01", "session_", "https:", "ins_2", "sso_oidc"]) expect(text).not.toContain(claim);
  });

  test.each([
    ["no text", 7],
    ["NUL", `${part("{}")}\0`],
  ])("what cannot even be sent: %s", async (_, token) => {
    const { told, tenancy, ask } = watched();
    await expect(ask(token)).rejects.toMatchObject({ code: "bad_token" });
    expect(tenancy.refusals().counts).toEqual({ ...NONE, malformed: 1 });
    expect(told).toMatchObject([{ kind: "malformed", sqlstate: undefined }]);
  });

  test("every SQLSTATE that means 401 has its kind, and nothing else has", () => {
    const states = [...Array.from({ length: 99 }, (_, i) => `RJ0${String(i + 1).padStart(2, "0")}`), "42501", "23505", "57014", "08006"];
    const of401 = states.filter((code) => toTenancyError({ code }).httpStatus === 401 && code !== "RJ015");
    expect(states.filter((code) => refusalKind(toTenancyError({ code })) !== undefined)).toEqual(of401);
    expect(Object.keys(REFUSED).sort()).toEqual([...REFUSAL_KINDS].sort());
  });
});

describe("nothing moves", () => {
  const nothing = ({ told, tenancy }: ReturnType<typeof watched>) =>
    expect([told, tenancy.refusals()]).toEqual([[], { counts: NONE, lastAt: {} }]);

  test("for a good token, first and repeated, and for a stranger, who sees what anonymous sees", async () => {
    const client = watched();
    const token = world.a();
    for (let i = 0; i < 3; i++) expect((await client.ask(token)).rows).toEqual([{ id: "user_01A" }]);
    expect((await client.ask(world.a({ sub: "user_stranger" }))).rows).toEqual([{ id: null }]);
    nothing(client);
  });

  test("when a ticket falls back to its token", async () => {
    const client = watched();
    const token = world.a();
    await client.ask(token);
    await world.killTickets();
    expect((await client.ask(token)).rows).toEqual([{ id: "user_01A" }]);
    nothing(client);
  });

  test("for what the product's own statements do wrong, a token's SQLSTATE raised by them included", async () => {
    const client = watched();
    const token = world.a();
    await expect(client.ask(token, "select * from auth.issuer")).rejects.toMatchObject({ code: "forbidden" });
    await expect(client.ask(token, "insert into note values (-1, 'org_01B', 'x')")).rejects.toMatchObject({ code: "forbidden" });
    await expect(client.ask(token, "do $$ begin raise sqlstate 'RJ006'; end $$")).rejects.toMatchObject({ code: "bad_token" });
    nothing(client);
  });

  test("when the database does not answer", async () => {
    const dead = quietPool({ connectionString: "postgresql://rehome_login@127.0.0.1:1/none" });
    const client = watched({ pool: dead });
    await expect(client.ask(world.a())).rejects.toMatchObject({ code: "unreachable" });
    await dead.end();
    nothing(client);
  });
});

test("the tries of one wait for a key, and the statements of one transaction, are one refusal", async () => {
  await world.owner.query("delete from auth.key_request");
  const { tenancy, told } = watched({ keyWaitMs: 150 });
  const rejected = tenancy.as(makeIssuer().token(), async (_db, query) => {
    await query("select 1").catch(() => {});
    await query("select 2").catch(() => {});
  });
  await expect(rejected).rejects.toMatchObject({ code: "unknown_key" });
  expect(tenancy.refusals().counts).toEqual({ ...NONE, unknown_key: 1 });
  expect(told).toHaveLength(1);
});

test("a ticket and its token, both refused, are one refusal", async () => {
  const { ask, told, tenancy } = watched();
  const token = world.a({ sid: "session_ends" });
  await ask(token);
  await world.owner.query("insert into auth.revoked_session values ('session_ends', now())");
  await expect(ask(token)).rejects.toMatchObject({ code: "revoked" });
  expect(told).toHaveLength(1);
  expect(tenancy.refusals().counts).toEqual({ ...NONE, revoked: 1 });
});

test("a key that comes within the wait is no refusal", async () => {
  await world.owner.query("delete from auth.key_request");
  const rotated = makeIssuer();
  const client = watched({ keyWaitMs: 5000 });
  const waiting = client.ask(rotated.token());
  await vi.waitFor(async () => expect((await world.owner.query("select from auth.key_request")).rowCount).toBe(1));
  await syncKeys(world.owner, "workos", publishing([world.issuer.jwk, rotated.jwk]));
  expect((await waiting).rows).toEqual([{ id: "user_01A" }]);
  expect(client.tenancy.refusals().counts).toEqual(NONE);
});

describe("whatever a callback does, the answer is the same and nothing is unhandled", () => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown) => unhandled.push(reason);
  beforeAll(() => void process.on("unhandledRejection", listen));
  afterAll(() => void process.off("unhandledRejection", listen));

  test.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("callback");
      },
    ],
    ["rejects", () => Promise.reject(new Error("callback"))],
    ["never comes back", () => new Promise(() => {})],
    [
      "gives a thenable that throws",
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is the mistake
        then: () => {
          throw new Error("callback");
        },
      }),
    ],
    [
      "spoils what it was given",
      (refusal?: Refusal) => {
        (refusal as { counters: unknown }).counters = 7;
      },
    ],
  ])("%s", async (_, callback) => {
    const { tenancy, ask } = watched({ onRefused: callback, refusalAlarm: { moreThan: 0, onAlarm: callback } });
    await expect(ask("x")).rejects.toMatchObject({ code: "bad_token", sqlstate: "RJ002" });
    expect((await ask(world.a())).rows).toEqual([{ id: "user_01A" }]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(tenancy.refusals().counts).toEqual({ ...NONE, malformed: 1 });
    expect(unhandled).toEqual([]);
  });
});

test("a flood is counted in full and held in no more than a number and a time a kind", () => {
  const { refused, refusals } = countRefusals([]);
  const errors = REFUSAL_KINDS.map((_, i) => toTenancyError({ code: Object.values(REFUSED)[i]?.[2] }));
  for (let i = 0; i < 140_000; i++) refused(errors[i % errors.length] as (typeof errors)[number]);
  const { counts, lastAt } = refusals();
  expect(Object.values(counts)).toEqual(REFUSAL_KINDS.map(() => 10_000));
  expect(JSON.stringify({ counts, lastAt }).length).toBeLessThan(1500);
});

test("what refusals() gave does not change, and cannot change the counters", () => {
  const { refused, refusals } = countRefusals([]);
  const before = refusals();
  (before.counts as Record<string, number>)["expired"] = 99;
  refused(toTenancyError({ code: "RJ008" }));
  expect([before.lastAt, refusals().counts.expired]).toEqual([{}, 1]);
});

test("nor can a time that was given: each has its own", () => {
  const seen: Date[] = [];
  const spoil = (refusal: Refusal) => {
    seen.push(new Date(refusal.at));
    refusal.at.setTime(0);
    refusal.counters.lastAt.expired?.setTime(0);
  };
  const { refused, refusals } = countRefusals([spoil, spoil]);
  refused(toTenancyError({ code: "RJ008" }));
  refusals().lastAt.expired?.setTime(0);
  const at = refusals().lastAt.expired;
  expect([at?.getTime(), ...seen]).toEqual([expect.any(Number), at, at]);
  expect(at?.getTime()).toBeGreaterThan(0);
});

test("an alarm comes from createTenancy's own refusals: at the threshold, with counts and nothing else", async () => {
  const onAlarm = vi.fn();
  const { ask } = watched({ refusalAlarm: { moreThan: 2, onAlarm } });
  const forged = makeIssuer({ kid: world.issuer.kid });
  for (const token of [forged.token(), "x", world.a({ iat: now() - 360, exp: now() - 60 })]) await ask(token).catch(() => {});
  expect(onAlarm).not.toHaveBeenCalled();
  for (let i = 0; i < 3; i++) await ask(forged.token()).catch(() => {});
  expect(onAlarm.mock.calls).toEqual([[{ at: expect.any(Date), withinMs: 60_000, counts: { signature: 2, malformed: 1 } }]]);
  expect(() => createTenancy({ pool, refusalAlarm: { moreThan: Number.NaN, onAlarm } })).toThrow(/could never be raised/);
});
