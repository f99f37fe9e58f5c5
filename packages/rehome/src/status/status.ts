import type { MoveConfig } from "../config/define.ts";
import { readFence } from "../copy/capture.ts";
import { pendingChanges } from "../copy/sync.ts";
import { type GateCheck, readGate } from "../cutover/gate.ts";
import { MoveError } from "../errors.ts";
import { type Move, readMove } from "../ledger/ledger.ts";
import { refusalOf, type WritingVerb } from "../ledger/phases.ts";
import { withConnection } from "../postgres/connect.ts";
import { query } from "../postgres/query.ts";

/** Where a move stands, read from the ledger and both fences. */
export interface Status {
  move: Move;
  fences: { legacy: "open" | "closed" | "absent"; target: "open" | "closed" | "absent" };
  /** Log entries that were not carried over yet, on the side that serves. */
  pending: number;
  dispositions: Record<string, number>;
  /** People with a WorkOS user, and all who move. */
  people: { done: number; all: number };
  /** Practices at WorkOS, all that are due, and legacy ids of those who keep one although their role at Clerk asks for none. */
  practices: { done: number; all: number; kept: string[] };
  tablesCopied: number;
  leftBehind: Record<string, number>;
  gate: GateCheck[];
  verbs: { verb: WritingVerb; refusal: string | null }[];
  events: { at: string; verb: string; what: string }[];
}

const VERBS: readonly WritingVerb[] = ["schema", "users", "copy", "verify", "cutover", "rollback"];

const PRACTICES = `
select count(*) filter (where workos_practice_membership_id is not null)::int as done, count(*)::int as all,
       coalesce(array_agg(legacy_user_id order by legacy_user_id) filter (where not practice_due), '{}') as kept
  from rehome.identity where moved and practice_type is not null`;

/** @throws MoveError LEDGER_MISSING before `rehome schema` */
export async function readStatus(config: MoveConfig): Promise<Status> {
  return withConnection(config.legacy.database, "legacy", (legacy) =>
    withConnection(config.target.mover, "target", async (target) => {
      const move = await readMove(target);
      const counts = async (what: string, sql: string): Promise<Record<string, number>> =>
        Object.fromEntries((await query<{ name: string; n: number }>(target, what, sql)).map((row) => [row.name, row.n]));
      const [people] = await query<{ done: number; all: number }>(
        target,
        "count the people",
        `select count(*) filter (where workos_membership_id is not null)::int as done, count(*)::int as all from rehome.identity where moved`,
      );
      const [practices] = await query<Status["practices"] & { [name: string]: unknown }>(target, "count the practices", PRACTICES);
      const fences = { legacy: await readFence(legacy), target: await readFence(target) };
      const serving = move.side === "legacy" ? legacy : target;
      return {
        move,
        fences,
        pending: fences[move.side] === "absent" ? 0 : await pendingChanges(serving),
        dispositions: await counts(
          "count the dispositions",
          "select disposition as name, count(*)::int as n from rehome.disposition group by 1",
        ),
        people: { done: people?.done ?? 0, all: people?.all ?? 0 },
        practices: { done: practices?.done ?? 0, all: practices?.all ?? 0, kept: practices?.kept ?? [] },
        tablesCopied:
          Object.values(
            await counts(
              "count the tasks",
              "select 'copy' as name, count(*)::int as n from rehome.task where verb = 'copy' and done_at is not null",
            ),
          )[0] ?? 0,
        leftBehind: await counts(
          "count the rows that stay",
          "select reason as name, count(*)::int as n from rehome.left_behind group by 1",
        ),
        gate: await readGate(target, config),
        verbs: VERBS.map((verb) => ({ verb, refusal: refusalOf(verb, move.state) ?? null })),
        events: await query<{ at: string; verb: string; what: string }>(
          target,
          "read the events",
          `select to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as at, verb, what from rehome.event order by id desc limit 10`,
        ),
      };
    }),
  );
}

/** The one command to run next, in words. */
export function nextStepOf(status: Status): string {
  switch (status.move.state) {
    case "preparing":
      return "rehome run";
    case "copied":
      return status.gate.every((check) => check.ok) ? "rehome cutover" : "rehome verify";
    case "cutting_over":
      return "rehome cutover (or `rehome rollback` to retreat)";
    case "switched":
      return "Watch the product. `rehome rollback` is the way back.";
    case "rolling_back":
      return "rehome rollback";
    case "rolled_back":
      return "rehome run";
  }
}

/** Whether the error says that there is nothing to show yet. */
export const isNotStarted = (error: unknown): boolean => error instanceof MoveError && error.code === "LEDGER_MISSING";
