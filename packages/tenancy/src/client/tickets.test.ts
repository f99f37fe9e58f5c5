import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTenancy, type Tenancy } from "../index.ts";
import { type Relay, startRelay } from "./testing/relay.ts";
import { type ClientWorld, clientWorld, quietPool } from "./testing/world.ts";
import { ticketCache } from "./tickets.ts";

let world: ClientWorld;
let relay: Relay;
let pool: Pool;
let tenancy: Tenancy;

beforeAll(async () => {
  world = await clientWorld();
  relay = await startRelay(world.loginUrl);
  pool = quietPool({ connectionString: relay.url, max: 2 });
});
beforeEach(() => {
  tenancy = createTenancy({ pool });
});
afterAll(async () => {
  await pool.end();
  await relay.stop();
  await world.drop();
});

const tick = (token: string) =>
  tenancy.as(
    token,
    async (_db, query) => (await query<{ o: string }>("insert into ticked default values returning org_id as o")).rows[0]?.o,
  );
const ticks = async () => (await world.owner.query<{ n: number }>("select count(*)::int as n from ticked")).rows[0]?.n ?? 0;
/** How the identity was bound in the flights since the last look. */
const bound = () => {
  const ways = relay.sent().flatMap((bytes) => bytes.toString("latin1").match(/jwt_session_ticket|ticket_session_init/g) ?? []);
  relay.reset();
  return ways.map((way) => (way === "jwt_session_ticket" ? "token" : "ticket"));
};

test("a token is verified once, then its ticket does; another token has its own", async () => {
  const [a, b] = [world.a(), world.b()];
  bound();
  for (const token of [a, a, b, a, b]) expect(await tick(token)).toBe(token === a ? "org_01A" : "org_01B");
  expect(bound()).toEqual(["token", "ticket", "token", "ticket", "ticket"]);
});

test("a ticket that is refused is dropped and the token is sent; the statement takes effect once", async () => {
  const token = world.a();
  await tick(token);
  await world.killTickets();
  const before = await ticks();
  bound();
  expect(await tick(token)).toBe("org_01A");
  expect(await tick(token)).toBe("org_01A");
  expect(bound()).toEqual(["ticket", "token", "ticket"]);
  expect(await ticks()).toBe(before + 2);
});

test("many at once with dead tickets: each takes effect once", async () => {
  const tokens = [world.a(), world.b()];
  await Promise.all(tokens.map(tick));
  await world.killTickets();
  const before = await ticks();
  await Promise.all(Array.from({ length: 20 }, (_, i) => tick(tokens[i % 2] as string)));
  expect(await ticks()).toBe(before + 20);
});

test("the token's own refusal is the answer, not its ticket's", async () => {
  const token = world.a({ sid: "session_gone" });
  await tick(token);
  await world.owner.query("insert into auth.revoked_session values ('session_gone', now())");
  const before = await ticks();
  await expect(tick(token)).rejects.toMatchObject({ code: "revoked", sqlstate: "RJ009", httpStatus: 401 });
  expect(await ticks()).toBe(before);
  const dead = world.a();
  await tick(dead);
  await world.killTickets();
  await world.owner.query("update auth.issuer set enabled = false");
  await expect(tick(dead)).rejects.toMatchObject({ code: "bad_token", sqlstate: "RJ010" });
  await world.owner.query("update auth.issuer set enabled = true");
});

test("no ticket is kept for a token that was refused", async () => {
  const token = world.a({ sub: 7 });
  bound();
  for (let i = 0; i < 2; i++) await expect(tick(token)).rejects.toMatchObject({ sqlstate: "RJ007" });
  expect(bound()).toEqual(["token", "token"]);
});

test("a ticket is held four minutes, never longer than its token, and the oldest gives way", () => {
  let now = 1_000_000_000_000;
  const cache = ticketCache(3, () => now);
  const token = (exp: unknown, nonce = "") => `x.${Buffer.from(JSON.stringify({ exp, nonce })).toString("base64url")}.y`;
  const long = token(now / 1000 + 300);
  const short = token(now / 1000 + 60);
  cache.keep(long, "l");
  cache.keep(short, "s");
  cache.keep(token("soon"), "never");
  expect([cache.of(long), cache.of(short), cache.of(token("soon")), cache.of("x")]).toEqual(["l", "s", undefined, undefined]);
  now += 60_000;
  expect([cache.of(long), cache.of(short)]).toEqual(["l", undefined]);
  now += 180_000;
  expect(cache.of(long)).toBeUndefined();
  for (const nonce of ["a", "b", "c", "d"]) cache.keep(token(now / 1000 + 300, nonce), nonce);
  expect(["a", "b", "c", "d"].map((nonce) => cache.of(token(now / 1000 + 300, nonce)))).toEqual([undefined, "b", "c", "d"]);
  cache.drop(token(now / 1000 + 300, "c"));
  expect(cache.of(token(now / 1000 + 300, "c"))).toBeUndefined();
});
