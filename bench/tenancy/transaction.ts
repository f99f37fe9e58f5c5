import type { Client } from "pg";
import { differenceGoal, type Goal, ratioGoal } from "../lib/goal.ts";
import { emptyRounds, runRound, type Side, shuffled } from "../lib/paired.ts";
import type { Progress } from "../lib/progress.ts";
import { type BenchDatabase, idOf } from "./database.ts";
import { BENCH_LOGIN, ROLES } from "./policies.ts";
import type { ProductSize } from "./product.ts";
import { callOf, type Effort, organizationNumber } from "./statements.ts";

// The cleaning that both sides do. The client's own (opening.ts) says a little more, each statement in a message of its own: with it on both sides the
// ratio of a repeat is the same to the noise.
export const BEGIN =
  "begin isolation level read committed, read write, not deferrable; close all; deallocate all; unlisten *; reset all; " +
  "select pg_advisory_unlock_all(); set local log_parameter_max_length_on_error = 0; set local role ";
export const SELECT = "select id, expert_org_id, title, starts_at, price_cents from meetings where id = $1";
const TICKET = "select auth.ticket_session_init($1)";
/** The client asks it in the flight of the commit. */
const CHECK = "select auth.check_identity()";
const FIRST_USE = "select auth.jwt_session_ticket($1)";
export const SETTING = "select set_config('request.jwt.claims', $1, true)";

const SIDES = ["ticket", "again", "firstUse", "unverified"] as const;

/**
 * A short transaction in one pipelined batch: cleaning, begin, role, identity, one select by key, whether the identity still lives, commit. By ticket (every use of a token but
 * the first), by a token never seen, and by the customary unverified setting with the same cleaning.
 */
export async function compareTransactions(
  database: BenchDatabase,
  size: ProductSize,
  effort: Effort,
  progress?: Progress,
): Promise<Goal[]> {
  const measured = emptyRounds(SIDES);
  for (let round = 0; round < effort.rounds; round++) {
    const organization = organizationNumber(size, {});
    const [user, org] = [idOf("user", organization), idOf("org", organization)];
    const fresh = Array.from({ length: effort.warmUp + effort.samples }, () => database.issuer.token(user, org));
    const claims = JSON.stringify(database.issuer.claims(user, org));
    const clients = shuffled(await Promise.all(SIDES.map(() => database.connect(BENCH_LOGIN, { pipeline: true }))));
    const [byTicket, again, firstUse, unverified] = clients as [Client, Client, Client, Client];
    const ticket = await ticketOf(byTicket, database.issuer.token(user, org));
    const meeting = (i: number) => callOf(size, organization, i).meeting;
    const sides: Record<(typeof SIDES)[number], Side> = {
      ticket: (i) => batch(byTicket, ROLES.guarded, TICKET, ticket, meeting(i)),
      again: (i) => batch(again, ROLES.guarded, TICKET, ticket, meeting(i)),
      firstUse: (i) => batch(firstUse, ROLES.guarded, FIRST_USE, fresh[i], meeting(i)),
      unverified: (i) => batch(unverified, ROLES.unverified, SETTING, claims, meeting(i)),
    };
    await runRound(sides, measured, effort);
    await Promise.all(clients.map((client) => client.end()));
    progress?.("transactions", round + 1, effort.rounds);
  }
  const { ticket, again, firstUse, unverified } = measured;
  return [
    ratioGoal({
      id: "transaction/repeat",
      claim: "verified by ticket / unverified set_config, same cleaning, one batch each",
      goal: 1.25,
      ours: ["ticket", ticket],
      theirs: ["unverified", unverified],
      again,
    }),
    differenceGoal({
      id: "transaction/first-use",
      claim: "verified by a token never seen − unverified set_config, same cleaning, one batch each",
      goal: 0.7,
      ours: ["first use", firstUse],
      theirs: ["unverified", unverified],
      again: firstUse.map((us, round) => us + (again[round] ?? Number.NaN) - (ticket[round] ?? Number.NaN)),
    }),
  ];
}

export async function ticketOf(client: Client, token: string): Promise<string> {
  await client.query("begin; set local role authenticated");
  const { rows } = await client.query<{ ticket: string }>("select auth.jwt_session_ticket($1) as ticket", [token]);
  await client.query("commit");
  const [row] = rows;
  if (!row) throw new Error("The guard gave no ticket.");
  return row.ticket;
}

/** Sent without waiting in between; each statement still arrives as a message of its own. */
async function batch(client: Client, role: string, init: string, identity: string | undefined, meeting: number): Promise<void> {
  const [, , { rowCount }] = await Promise.all([
    client.query(BEGIN + role),
    client.query(init, [identity]),
    client.query(SELECT, [meeting]),
    ...(init === SETTING ? [] : [client.query(CHECK)]),
    client.query("commit"),
  ]);
  if (rowCount !== 1) throw new Error(`The batch of ${role} saw ${rowCount} rows instead of 1.`);
}
