import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { readMove } from "../ledger/ledger.ts";
import { query } from "../postgres/query.ts";

/** Everything the report shows, from the ledger: figures and legacy user ids; no names, no addresses, no values of rows. */
export interface ReportFigures {
  name: string;
  state: string;
  side: string;
  writtenAt: string;
  dispositions: { disposition: string; reason: string; n: number }[];
  losses: { loss: string; n: number }[];
  /** How many have a practice beside the home, and how many of them without a role that asks for one. */
  practices: { people: number; kept: number };
  /** Everybody who does not simply move, by legacy user id; at most `PEOPLE_NAMED`. */
  people: { id: string; disposition: string; reason: string; losses: string[] }[];
  tables: { table: string; rows: number; stays: number }[];
  leftBehind: { table: string; reason: string; n: number }[];
  proofs: { name: string; ok: boolean; checked: number; expected: number; figure: string; offenders: string[]; seconds: number }[];
  events: { at: string; verb: string; what: string; seconds: number | null }[];
  monthlyCost: MoveConfig["monthlyCost"];
}

/** `rehome plan --json` names everybody; a page with more is read by nobody. */
export const PEOPLE_NAMED = 5000;

/** Reads the report's figures from the ledger. */
export async function readReport(target: ClientBase, config: MoveConfig): Promise<ReportFigures> {
  const move = await readMove(target);
  const rows = <R extends object>(what: string, sql: string): Promise<R[]> => query<R & { [name: string]: unknown }>(target, what, sql);
  return {
    name: move.name,
    state: move.state,
    side: move.side,
    writtenAt: new Date().toISOString().slice(0, 19).replace("T", " "),
    dispositions: await rows(
      "read the dispositions",
      `select disposition, reason, count(*)::int as n from rehome.disposition group by 1, 2
        order by array_position(array['move', 'move_reset_password', 'hold', 'exclude'], disposition), 3 desc`,
    ),
    losses: await rows(
      "read the losses",
      "select loss, count(*)::int as n from rehome.disposition, unnest(losses) loss group by 1 order by 2 desc",
    ),
    practices: (
      await rows<ReportFigures["practices"]>(
        "count the practices",
        "select count(*)::int as people, count(*) filter (where not practice_due)::int as kept from rehome.identity where moved and practice_type is not null",
      )
    )[0] ?? { people: 0, kept: 0 },
    people: await rows(
      "read who does not simply move",
      `select legacy_user_id as id, disposition, reason, losses from rehome.disposition where disposition <> 'move' or losses <> '{}'
        order by array_position(array['hold', 'exclude', 'move_reset_password', 'move'], disposition), legacy_user_id limit ${PEOPLE_NAMED}`,
    ),
    tables: await rows(
      "read the tables",
      `select t.item as "table", (t.figures ->> 'rows')::int as rows, count(b.key)::int as stays
         from rehome.task t left join rehome.left_behind b on b.legacy_table = t.item
        where t.verb = 'copy' and t.done_at is not null group by t.item, t.figures ->> 'rows' order by 2 desc`,
    ),
    leftBehind: await rows(
      "read the rows left behind",
      `select legacy_table as "table", reason, count(*)::int as n from rehome.left_behind group by 1, 2 order by 3 desc`,
    ),
    proofs: await rows(
      "read the proofs",
      "select name, ok, checked::int, expected::int, figure, offenders, seconds from rehome.proof order by name",
    ),
    events: await rows(
      "read the events",
      "select to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as at, verb, what, seconds from rehome.event order by id",
    ),
    monthlyCost: config.monthlyCost,
  };
}
