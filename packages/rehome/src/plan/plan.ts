import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { readLegacyUsers } from "../legacy/read-users.ts";
import { mappingProblems, unfenced } from "../mapping/check.ts";
import { readCatalog } from "../postgres/catalog.ts";
import { withConnection } from "../postgres/connect.ts";
import { query } from "../postgres/query.ts";
import { readTables } from "../postgres/tables.ts";
import { type Decision, type Disposition, decide } from "./dispositions.ts";
import { estimateRequests, type RequestEstimate } from "./estimate.ts";
import { type PracticePlan, planPractices } from "./practices.ts";
import { planElsewhere, planRows, type TablePlan } from "./rows.ts";

/** What a move would do. Made from the sources alone; nothing is written anywhere. */
export interface Plan {
  name: string;
  users: { total: number; byDisposition: Record<Disposition, Record<string, number>>; losses: Record<string, number> };
  decisions: Decision[];
  /** Who gets an organization beside the home, and whom legacy contradicts. */
  practices: PracticePlan;
  tables: TablePlan[];
  /** Rows of the legacy audit database, which stay there as a whole (docs/decisions/stays-behind.md). */
  auditRows: number | null;
  workos: RequestEstimate;
  monthlyCost: { before: number; after: number; currency: string } | null;
  /** Tables under `stays` that the mover cannot fence: the old product may go on writing them after the cutover. */
  unfenced: string[];
  /** Held users that the config does not accept by name. */
  open: string[];
}

/**
 * Plans the move. Reads Clerk and legacy; writes nothing.
 *
 * @throws MoveError MAPPING_INCOMPLETE when a legacy table or column has no place, and the errors of the readers
 */
export async function planMove(config: MoveConfig): Promise<Plan> {
  const people = await readLegacyUsers(config.legacy.clerk);
  const decisions = decide(people, config.users.roles);
  return withConnection(config.legacy.database, "legacy", async (legacy) => {
    const catalog = await readCatalog(legacy, "legacy");
    const found = await readTables(legacy, "legacy");
    const problems = mappingProblems(config.tables, config.stays, catalog, null, found);
    if (problems.length > 0) {
      throw new MoveError("MAPPING_INCOMPLETE", `The mapping does not fit legacy: ${problems.join("; ")}.`, {
        next: "Correct `tables` in rehome.config.ts and run the command again.",
      });
    }
    const tables = [...(await planRows(legacy, catalog, config, decisions)), ...(await planElsewhere(legacy, config, found))];
    const practices = await planPractices(legacy, people, decisions, config.users);
    return {
      name: config.name,
      users: { total: people.length, byDisposition: countByDisposition(decisions), losses: countLosses(decisions) },
      decisions,
      practices,
      tables,
      auditRows: await countAudit(config.legacy.audit),
      workos: estimateRequests({ ...moving(people, decisions), practices: practices.people }, config),
      monthlyCost: config.monthlyCost ?? null,
      unfenced: unfenced(config.stays, found),
      open: decisions
        .filter((d) => d.disposition === "hold" && !config.users.accept.some((one) => one.id === d.legacyUserId))
        .map((d) => d.legacyUserId),
    };
  });
}

function moving(people: readonly LegacyUser[], decisions: readonly Decision[]): { moving: number; withTotp: number } {
  const moves = new Set(
    decisions.filter((d) => d.disposition === "move" || d.disposition === "move_reset_password").map((d) => d.legacyUserId),
  );
  const mover = people.filter((user) => moves.has(user.id));
  return { moving: mover.length, withTotp: mover.filter((user) => user.totp).length };
}

function countByDisposition(decisions: readonly Decision[]): Plan["users"]["byDisposition"] {
  const counts: Plan["users"]["byDisposition"] = { move: {}, move_reset_password: {}, hold: {}, exclude: {} };
  for (const { disposition, reason } of decisions) counts[disposition][reason] = (counts[disposition][reason] ?? 0) + 1;
  return counts;
}

function countLosses(decisions: readonly Decision[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const loss of decisions.flatMap((decision) => decision.losses)) counts[loss] = (counts[loss] ?? 0) + 1;
  return counts;
}

async function countAudit(url: string | undefined): Promise<number | null> {
  if (!url) return null;
  return withConnection(url, "legacy", async (client) => {
    const [row] = await query<{ n: number }>(client, "count the legacy audit log", "select count(*)::int as n from audit_logs");
    return row?.n ?? 0;
  });
}
