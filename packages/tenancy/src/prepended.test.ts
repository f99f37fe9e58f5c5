import { afterAll, beforeAll, expect, test } from "vitest";
import { type Attacker, type GuardedDatabase, guardedDatabase } from "./testing/guarded-database.ts";
import { collidingText } from "./testing/lookup3.ts";
import { PART, SEALED } from "./testing/seal.ts";

// What stands before the sealed parts of a setting is the attacker's to choose: none of it may be read, and no text may pass for the seal.

let database: GuardedDatabase;
let login: Attacker;
beforeAll(async () => {
  database = await guardedDatabase();
  login = await database.connect();
});
afterAll(() => database.drop());

const sealed = async (setting: string) => String(await login.q(`select current_setting('${setting}')`)).split(SEALED);
const hashOf = async (text: string) => BigInt(String(await login.q(`select hashtextextended($1::text collate "C", 0)::text`, [text])));
const put = (setting: string, value: string) => login.q(`select set_config('${setting}', $1, true)`, [value]);
const forged = (slot: string, digest: string) => [slot, "9999999999", "-1", "user_01B", "org_01B", "session_x", digest, ""].join(PART);

test("the test can make a text of a given hash", async () => {
  const text = collidingText("whose parts these are", await hashOf("a seal"));
  expect(text).toMatch(/^whose parts these are/);
  expect(await hashOf(text)).toBe(await hashOf("a seal"));
});

test.each([
  ["a member", {}],
  ["a stranger without organization", { sub: "user_nobody", org_id: undefined }],
])("%s who puts another's parts before the sealed ones is nobody, whatever their hash", async (_, claims) => {
  await login.tx(async () => {
    await login.init(database.issuer.token(claims));
    const [seal = "", ...rest] = await sealed("auth.identity");
    const session = '{"sub":"user_01B","act":{"sub":"boss"}}';
    const digest = String(await login.q("select encode(sha256(convert_to($1, 'UTF8')), 'hex')", [session]));
    const before = collidingText(forged(seal.slice(0, 1), digest), await hashOf(seal));
    await put("auth.claims", session);
    for (const start of [before, `${seal}${PART}${before}`, `${before}${PART}${seal}`]) {
      await put("auth.identity", [start, ...rest].join(SEALED));
      for (const ask of ["user_id()", "org_id()", "uid()", "role()", "session()", "jwt()"])
        expect(await login.q(`select auth.${ask}`), ask).toBeNull();
      for (const ask of ["permissions()", "org_ids()"]) expect(await login.q(`select auth.${ask}`), ask).toEqual([]);
      expect(await login.q("select auth.has_permission('notes:read')")).toBe(false);
      expect(await login.q("select count(*)::int from note")).toBe(0);
    }
  });
});

test("a ticket with another's parts before its own is refused", async () => {
  const ticket = String(await login.tx(() => login.q("select auth.jwt_session_ticket($1)", [database.issuer.token()])));
  const [seal = "", ...rest] = ticket.split(SEALED);
  await login.tx(async () => {
    const before = collidingText(forged(seal.slice(0, 1), ""), await hashOf(seal));
    expect(await login.ticket([before, ...rest].join(SEALED))).toBe("RJ015");
  });
});
