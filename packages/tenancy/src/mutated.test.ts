import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Attacker, type GuardedDatabase, guardedDatabase } from "./testing/guarded-database.ts";

let database: GuardedDatabase;
let login: Attacker;

beforeAll(async () => {
  database = await guardedDatabase();
  login = await database.connect();
});
afterAll(() => database.drop());

type Part = 0 | 1 | 2;
const where = fc.nat();
const partOf = fc.constantFrom<Part[]>(0, 1, 2);

/** Ways to spoil a token: of its text, and of the bytes below the base64url. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant("text bit" as const), at: where, bit: fc.nat(6) }),
  fc.record({ kind: fc.constant("byte bit" as const), part: partOf, at: where, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant("cut" as const), at: where }),
  fc.record({ kind: fc.constant("cut part" as const), part: partOf, at: where }),
  fc.record({ kind: fc.constant("insert" as const), at: where, text: fc.string({ minLength: 1, maxLength: 5 }) }),
  fc.record({ kind: fc.constant("swap part" as const), part: partOf }),
  fc.record({ kind: fc.constant("swap places" as const), part: partOf }),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer M> ? M : never;

function mutate(token: string, other: string, how: Mutation): string {
  const parts = token.split(".") as [string, string, string];
  const bytes = Buffer.from(token);
  switch (how.kind) {
    case "text bit": {
      const at = how.at % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << how.bit);
      return bytes.toString("latin1").replaceAll("\0", "~"); // Postgres takes no NUL in text
    }
    case "byte bit": {
      const raw = Buffer.from(parts[how.part], "base64url");
      const at = how.at % raw.length;
      raw[at] = (raw[at] ?? 0) ^ (1 << how.bit);
      parts[how.part] = raw.toString("base64url");
      return parts.join(".");
    }
    case "cut":
      return token.slice(0, how.at % token.length);
    case "cut part":
      parts[how.part] = parts[how.part].slice(0, how.at % parts[how.part].length);
      return parts.join(".");
    case "insert": {
      const at = how.at % (token.length + 1);
      return token.slice(0, at) + how.text.replaceAll("\0", "~") + token.slice(at);
    }
    case "swap part":
      parts[how.part] = other.split(".")[how.part] ?? "";
      return parts.join(".");
    case "swap places": {
      const next = ((how.part + 1) % 3) as Part;
      [parts[how.part], parts[next]] = [parts[next], parts[how.part]];
      return parts.join(".");
    }
  }
}

test("no mutation of a good token is accepted, and each is refused with a state of the guard", async () => {
  const seed = Number(process.env["FC_SEED"] ?? Date.now() % 2 ** 31);
  console.info(`mutated tokens: seed ${seed} (repeat with FC_SEED=${seed})`);
  const token = database.issuer.token();
  const other = database.issuer.token({ sub: "user_01B", org_id: "org_01B", sid: "session_01B" });
  await login.tx(async () => {
    await login.q("savepoint s");
    expect(await login.init(token)).toBeUndefined();
    await fc.assert(
      fc.asyncProperty(mutation, async (how) => {
        const spoilt = mutate(token, other, how);
        fc.pre(spoilt !== token && spoilt !== other);
        await login.q("rollback to s");
        expect(await login.init(spoilt)).toMatch(/^RJ0(02|03|04|06|10)$/);
      }),
      { seed, numRuns: process.env["REHOME_LONG"] ? 20_000 : 600 },
    );
  });
}, 300_000);
