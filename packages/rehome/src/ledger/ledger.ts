import type { ClientBase } from "pg";
import { MoveError } from "../errors.ts";
import { ADDRESS_RULE_IN_SQL } from "../legacy/address.ts";
import type { Decision } from "../plan/dispositions.ts";
import { id } from "../postgres/identifier.ts";
import { query, transaction } from "../postgres/query.ts";
import { sqlFile } from "../postgres/sql-file.ts";
import { assertAllowed, type MoveState, UNSETTLES, type WritingVerb } from "./phases.ts";

const SCHEMA = sqlFile(import.meta.url, "schema.sql").replace(
  /:(white_space|capitals|smalls|decided_domain)\b/g,
  (name) => ADDRESS_RULE_IN_SQL[name] as string,
);

export interface Move {
  name: string;
  state: MoveState;
  step: string | null;
  epoch: string;
  side: "legacy" | "target";
  switchEpoch: string;
}

/** Creates the ledger in the target and lets the mover's role use it. May be run again; `configSha` of the first run stays. */
export async function installLedger(owner: ClientBase, name: string, configSha: string, moverRole: string): Promise<void> {
  await query(owner, "create the ledger (schema rehome)", SCHEMA);
  const role = id(moverRole);
  await query(
    owner,
    "grant the ledger to the mover",
    `grant usage on schema rehome, public to ${role}; grant usage, create on schema rehome_stage to ${role};
     grant all on all tables in schema rehome, public to ${role}; grant all on all sequences in schema rehome, public to ${role};
     revoke all on schema rehome, rehome_stage from public`,
  );
  await query(owner, "open the move", "insert into rehome.move (name, config_sha) values ($1, $2) on conflict do nothing", [
    name,
    configSha,
  ]);
}

/** @throws MoveError LEDGER_MISSING before `rehome schema` */
export async function readMove(client: ClientBase): Promise<Move> {
  const found = await query<{ there: boolean }>(client, "look for the ledger", "select to_regclass('rehome.move') is not null as there");
  const rows = found[0]?.there
    ? await query<Move & { [name: string]: unknown }>(
        client,
        "read the ledger",
        `select m.name, m.state, m.step, m.epoch::text, s.side, s.epoch::text as "switchEpoch" from rehome.move m cross join rehome.switch s`,
      )
    : [];
  const move = rows[0];
  if (move) return move;
  throw new MoveError("LEDGER_MISSING", "The target database has no ledger (schema rehome).", { next: "Run `rehome schema` first." });
}

/**
 * Takes the move for one verb: refuses where the phase does not allow it, and fences off whoever had it before.
 *
 * The state is read under the lock that the epoch is raised with: a verb that was allowed a moment ago does not start in another state. Waits
 * for the transaction in which another verb holds the move.
 *
 * A verb that changes people, rows or the schema puts the move back to `preparing`: only a copy that comes to its end makes it whole again.
 *
 * @returns the epoch that every writing transaction must hold (see `holdEpoch`)
 */
export async function takeMove(client: ClientBase, verb: WritingVerb): Promise<string> {
  await readMove(client);
  return transaction(client, async () => {
    const held = await query<{ state: MoveState }>(client, "lock the move", "select state from rehome.move for update");
    assertAllowed(verb, held[0]?.state as MoveState);
    const rows = await query<{ epoch: string }>(client, "take the move", "update rehome.move set epoch = epoch + 1 returning epoch::text");
    const epoch = rows[0]?.epoch as string;
    if (UNSETTLES[verb]) {
      await noteChange(client, epoch, verb);
      await setState(client, epoch, "preparing", null);
    }
    return epoch;
  });
}

/** Makes every proof stale that was run before: this verb changes what they rest on. */
export async function noteChange(client: ClientBase, epoch: string, verb: WritingVerb): Promise<void> {
  const rows = await query(
    client,
    "note that proofs are stale",
    "update rehome.move set changed_epoch = epoch, changed_by = $2 where epoch = $1 returning 1",
    [epoch, verb],
  );
  if (rows.length !== 1) throw fenced();
}

/** First statement of every writing transaction: a verb that was overtaken writes nothing any more. */
export async function holdEpoch(client: ClientBase, epoch: string): Promise<void> {
  const rows = await query(client, "hold the move", "select from rehome.move where epoch = $1 for share", [epoch]);
  if (rows.length !== 1) throw fenced();
}

/** @throws MoveError FENCED when another verb took over */
export async function setState(client: ClientBase, epoch: string, state: MoveState, step: string | null): Promise<void> {
  const rows = await query(
    client,
    `note that the move is ${state}`,
    "update rehome.move set state = $1, step = $2 where epoch = $3 returning 1",
    [state, step, epoch],
  );
  if (rows.length !== 1) throw fenced();
}

export const fenced = (): MoveError =>
  new MoveError("FENCED", "Another `rehome` took over this move while this one was working.", {
    next: "Run `rehome status`; let only one command at a time work on a move.",
  });

export async function recordEvent(client: ClientBase, verb: string, what: string, seconds: number | null = null): Promise<void> {
  await query(client, "write to the ledger", "insert into rehome.event (verb, what, seconds) values ($1, $2, $3)", [verb, what, seconds]);
}

/** Replaces the dispositions by what was decided now. */
export async function saveDecisions(client: ClientBase, decisions: readonly Decision[]): Promise<void> {
  const rows = decisions.map((d) => ({ legacy_user_id: d.legacyUserId, disposition: d.disposition, reason: d.reason, losses: d.losses }));
  await query(
    client,
    "save the dispositions",
    `insert into rehome.disposition (legacy_user_id, disposition, reason, losses)
     select legacy_user_id, disposition, reason, losses
       from json_to_recordset($1) r(legacy_user_id text, disposition text, reason text, losses text[])
         on conflict (legacy_user_id) do update set disposition = excluded.disposition, reason = excluded.reason, losses = excluded.losses
      where (rehome.disposition.disposition, rehome.disposition.reason, rehome.disposition.losses)
            is distinct from (excluded.disposition, excluded.reason, excluded.losses)`,
    [JSON.stringify(rows)],
  );
}

export async function tasksDone(client: ClientBase, verb: string): Promise<Set<string>> {
  const rows = await query<{ item: string }>(
    client,
    "read the tasks",
    "select item from rehome.task where verb = $1 and done_at is not null",
    [verb],
  );
  return new Set(rows.map((row) => row.item));
}

/** Marks a task done; belongs into the transaction of the task's writes. */
export async function markDone(client: ClientBase, verb: string, item: string, figures: unknown = null): Promise<void> {
  await query(
    client,
    `mark ${verb} ${item} done`,
    `insert into rehome.task (verb, item, done_at, figures) values ($1, $2, now(), $3)
         on conflict (verb, item) do update set done_at = excluded.done_at, figures = excluded.figures`,
    [verb, item, JSON.stringify(figures)],
  );
}
