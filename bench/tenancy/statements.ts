import type { Client } from "pg";
import { type Goal, ratioGoal } from "../lib/goal.ts";
import { emptyRounds, type Rounds, runRound, type Side, shuffled } from "../lib/paired.ts";
import type { Progress } from "../lib/progress.ts";
import { type Call, STATEMENTS, type Statement } from "./catalog.ts";
import { type BenchDatabase, idOf } from "./database.ts";
import { planShape } from "./plan.ts";
import { BENCH_LOGIN, GUARDED, NAMED, ROLES, UNVERIFIED } from "./policies.ts";
import type { ProductSize } from "./product.ts";

export interface Effort {
  rounds: number;
  samples: number;
  warmUp: number;
}

const GOAL = 1.1;
const SIDES = ["guarded", "again", "unverified", "byHand"] as const;
type SideName = (typeof SIDES)[number];
interface Measured {
  rounds: Rounds<SideName>;
  plans: Partial<Record<SideName, string>>;
}

/**
 * Each statement under the guarded policy, under the same policy on the customary unverified setting, and hand-written with row security
 * off. A round opens a connection for each side (and one more for guarded against itself), then runs all statements, each in one open
 * transaction of its side, on connections dealt anew. Latency as the client sees it.
 *
 * @param prepared as named statements, planned once; else as @rehome/tenancy's client sends them: unnamed, planned each time
 */
export async function compareStatements(
  database: BenchDatabase,
  size: ProductSize,
  effort: Effort,
  { prepared = false, only, progress }: { prepared?: boolean; only?: readonly string[]; progress?: Progress } = {},
): Promise<Goal[]> {
  const statements = STATEMENTS.filter(({ id }) => !only || only.includes(id));
  const measured = new Map<string, Measured>(statements.map(({ id }) => [id, { rounds: emptyRounds(SIDES), plans: {} }]));
  for (let round = 0; round < effort.rounds; round++) {
    const clients = await Promise.all(SIDES.map(() => database.connect(BENCH_LOGIN)));
    for (const statement of statements) {
      await measureOnce(database, dealt(clients), statement, size, measured.get(statement.id) as Measured, effort, prepared);
    }
    await Promise.all(clients.map((client) => client.end()));
    progress?.(prepared ? "prepared statements" : "statements", round + 1, effort.rounds);
  }
  return statements.flatMap((statement) => goalsOf(statement, measured.get(statement.id) as Measured, prepared));
}

/** Each side gets another connection each time: backends differ, the first made from the last most of all. */
function dealt(clients: readonly Client[]): Record<SideName, Client> {
  const order = shuffled(clients);
  return Object.fromEntries(SIDES.map((side, place) => [side, order[place]])) as Record<SideName, Client>;
}

async function measureOnce(
  database: BenchDatabase,
  clients: Record<SideName, Client>,
  statement: Statement,
  size: ProductSize,
  measured: Measured,
  effort: Effort,
  prepared: boolean,
): Promise<void> {
  const shared = organizationNumber(size, statement);
  const organizations = statement.writes ? organizationNumbers(size, SIDES.length) : SIDES.map(() => shared);
  const sides = {} as Record<SideName, Side>;
  const counts = new Map<SideName, number>();
  for (const [place, side] of SIDES.entries()) {
    const organization = organizations[place] as number;
    await enter(database, clients[side], roleOf(side, statement), organization);
    const text = textOf(statement, side);
    const params = (i: number) => paramsOf(statement, side, callOf(size, organization, i));
    measured.plans[side] ??= await planShape(clients[side], text, params(0));
    const name = prepared ? { name: statement.id } : {};
    sides[side] = async (i) => {
      const { rowCount } = await clients[side].query({ ...name, text, values: params(i) });
      counts.set(side, rowCount ?? 0);
    };
  }
  await runRound(sides, measured.rounds, effort);
  for (const side of SIDES) await clients[side].query("rollback");
  if (new Set(counts.values()).size > 1) {
    throw new Error(`${statement.id}: the sides saw different rows (${[...counts].map(([side, n]) => `${side} ${n}`).join(", ")}).`);
  }
}

/** Begins a transaction in which this role has both identities, the sealed one and the customary one. */
export async function enter(database: BenchDatabase, client: Client, role: string, organization: number): Promise<void> {
  const [user, org] = [idOf("user", organization), idOf("org", organization)];
  await client.query("begin");
  await client.query("set local role authenticated");
  await client.query("select auth.jwt_session_init($1)", [database.issuer.token(user, org)]);
  await client.query("select set_config('request.jwt.claims', $1, true)", [JSON.stringify(database.issuer.claims(user, org))]);
  await client.query(`set local role ${role}`);
}

export function roleOf(side: SideName, { shared }: Pick<Statement, "shared">): string {
  if (side === "byHand") return ROLES.byHand;
  if (side === "unverified") return shared ? ROLES.unverifiedShared : ROLES.unverified;
  return shared ? ROLES.guardedShared : ROLES.guarded;
}

export function organizationNumber({ organizations }: ProductSize, { clinic }: Pick<Statement, "clinic">): number {
  return clinic ? organizations + 1 : 1 + Math.floor(Math.random() * organizations);
}

/**
 * As many different ones. Sides that write are each in an open transaction: two of one organization would wait for each other's row lock, and
 * for ever, because the one that holds it waits for its turn.
 */
export function organizationNumbers({ organizations }: ProductSize, count: number): number[] {
  if (count > organizations) throw new Error(`${count} sides need as many organizations; there are ${organizations}.`);
  const numbers = new Set<number>();
  while (numbers.size < count) numbers.add(1 + Math.floor(Math.random() * organizations));
  return [...numbers];
}

let lastFresh = 1_000_000_000;

/** The i-th call of an organization: each of its meetings in turn. */
export function callOf({ organizations, meetings }: ProductSize, organization: number, i: number): Call {
  const each = meetings / organizations;
  return {
    meeting: organization - 1 + organizations * (1 + (i % (each - 1))),
    fresh: ++lastFresh,
    organization: idOf("org", organization),
  };
}

export function textOf({ text, byHand }: Statement, side: SideName): string {
  if (side === "byHand") return byHand;
  if (side !== "unverified") return text;
  const asked = text.replaceAll(GUARDED, () => UNVERIFIED).replaceAll(NAMED, () => UNVERIFIED);
  if (asked.includes("auth.")) throw new Error(`The unverified side of this statement would ask the guard: ${asked}`);
  return asked;
}

export function paramsOf(statement: Statement, side: SideName, call: Call): unknown[] {
  if (side !== "byHand") return statement.params(call);
  return statement.byHandParams?.(call) ?? [...statement.params(call), call.organization];
}

function goalsOf(statement: Statement, measured: Measured, prepared: boolean): Goal[] {
  const id = (against: string) => `statement/${statement.id}/${against}${prepared ? "/prepared" : ""}`;
  const {
    rounds: { guarded, again, unverified, byHand },
    plans,
  } = measured;
  const differs = (side: SideName) => (plans[side] === plans.guarded ? {} : { note: `plans differ: ${plans.guarded} | ${plans[side]}` });
  const ours: [string, number[]] = ["guarded", guarded];
  return [
    ratioGoal({
      id: id("unverified"),
      claim: "guarded policy / the same policy on the unverified setting",
      goal: GOAL,
      aim: prepared,
      ours,
      theirs: ["unverified", unverified],
      again,
      ...differs("unverified"),
    }),
    ratioGoal({
      id: id("by-hand"),
      claim: "guarded policy / hand-written where, row security off",
      goal: statement.aim,
      aim: true,
      ours,
      theirs: ["by hand", byHand],
      again,
      ...differs("byHand"),
    }),
  ];
}
