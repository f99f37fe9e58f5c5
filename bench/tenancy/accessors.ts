import { type Client, escapeLiteral } from "pg";
import { type Goal, judge, round } from "../lib/goal.ts";
import { emptyRounds, shuffled } from "../lib/paired.ts";
import type { Progress } from "../lib/progress.ts";
import { type Estimate, estimate } from "../lib/statistics.ts";
import { type BenchDatabase, idOf } from "./database.ts";
import { BENCH_LOGIN, ROLES, UNVERIFIED } from "./policies.ts";
import type { ProductSize } from "./product.ts";
import { type Effort, enter, organizationNumber } from "./statements.ts";
import { ticketOf } from "./transaction.ts";

const ACCESSORS = {
  nothing: "'x'::text",
  unverified: UNVERIFIED,
  org_id: "auth.org_id()",
  again: "auth.org_id()",
  user_id: "auth.user_id()",
  role: "auth.role()",
} as const;
const OPENINGS = ["set_config", "ticket_session_init", "jwt_session_init"] as const;
type Name = keyof typeof ACCESSORS | (typeof OPENINGS)[number];

/**
 * What one evaluation costs inside the server, in µs: a loop there less the same loop over a constant. First what a policy calls once a table
 * and statement, then what a transaction calls once. Nothing is asked of these figures.
 */
export async function measureAccessors(database: BenchDatabase, size: ProductSize, effort: Effort, progress?: Progress): Promise<Goal[]> {
  const names: Name[] = [...(Object.keys(ACCESSORS) as (keyof typeof ACCESSORS)[]), ...OPENINGS];
  const measured = emptyRounds(names);
  for (let turn = 0; turn < effort.rounds; turn++) {
    const organization = organizationNumber(size, {});
    const client = await database.connect(BENCH_LOGIN);
    const expressions = { ...ACCESSORS, ...(await openings(database, client, organization)) };
    await enter(database, client, ROLES.guarded, organization);
    for (const name of names) await loop(client, expressions[name], effort.warmUp);
    for (const name of shuffled(names)) measured[name].push(await loop(client, expressions[name], effort.samples * 20));
    await client.query("rollback");
    await client.end();
    progress?.("accessors", turn + 1, effort.rounds);
  }
  const cost = (name: Name, less: Name = "nothing"): Estimate => {
    const { figure, interval } = estimate(measured[name].map((us, turn) => us - (measured[less][turn] ?? Number.NaN)));
    return { figure: round(figure, 2), interval: [round(interval[0], 2), round(interval[1], 2)] };
  };
  const noise = cost("again", "org_id");
  return names
    .filter((name) => name !== "nothing" && name !== "again")
    .map((name) => judge({ id: `accessor/${name}`, claim: "one evaluation", unit: "µs", goal: null, aim: false, ...cost(name), noise }));
}

async function openings(database: BenchDatabase, client: Client, organization: number): Promise<Record<(typeof OPENINGS)[number], string>> {
  const [user, org] = [idOf("user", organization), idOf("org", organization)];
  const token = database.issuer.token(user, org);
  const text = (call: string, argument: string) => `${call.replace("$1", escapeLiteral(argument))}::text`;
  return {
    set_config: text("set_config('request.jwt.claims', $1, true)", JSON.stringify(database.issuer.claims(user, org))),
    ticket_session_init: text("auth.ticket_session_init($1)", await ticketOf(client, token)),
    jwt_session_init: text("auth.jwt_session_init($1)", token),
  };
}

/** Microseconds of one turn. */
async function loop(client: Client, expression: string, turns: number): Promise<number> {
  await client.query(`do $do$ declare x text; start timestamptz := clock_timestamp(); begin
    for i in 1..${turns} loop select ${expression} into x; end loop;
    perform set_config('bench.us', (extract(epoch from clock_timestamp() - start) * 1e6 / ${turns})::text, true); end $do$`);
  const { rows } = await client.query<{ us: number }>("select current_setting('bench.us')::float8 as us");
  return rows[0]?.us ?? Number.NaN;
}
