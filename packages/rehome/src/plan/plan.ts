import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { type LegacySources, withStagedUsers } from "../legacy/read-users.ts";
import { mappingProblems, unfenced } from "../mapping/check.ts";
import { readCatalog } from "../postgres/catalog.ts";
import { withConnection } from "../postgres/connect.ts";
import { query } from "../postgres/query.ts";
import { readTables } from "../postgres/tables.ts";
import { nameOfHasher } from "./digests.ts";
import { type Decision, type Disposition, verdictOf } from "./dispositions.ts";
import { estimateRequests, type RequestEstimate } from "./estimate.ts";
import { type PracticePlan, planPractices } from "./practices.ts";
import { planElsewhere, planRows, type TablePlan } from "./rows.ts";
import { DecisionStore } from "./store.ts";

/** What a move would do. Made from the sources alone; nothing is written to a database. */
export interface Plan {
  name: string;
  sources: LegacySources;
  users: {
    total: number;
    byDisposition: Record<Disposition, Record<string, number>>;
    losses: Record<string, number>;
    /** Passwords that are reset, by hasher. */
    resetByHasher: Record<string, number>;
  };
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
 * Memory does not grow with the number of people: they stand in a file of this process (legacy/stage.ts), and so do the decisions.
 *
 * @param use gets the plan, and everybody's decision in the order of Clerk; the decisions end with it
 * @throws MoveError MAPPING_INCOMPLETE when a legacy table or column has no place, and the errors of the readers
 */
export async function planMove<T>(config: MoveConfig, use: (plan: Plan, decisions: DecisionStore) => Promise<T> | T): Promise<T> {
  return withStagedUsers(config.legacy.clerk, verdictOf, async (stage, sources) => {
    const decisions = new DecisionStore();
    try {
      const counts = decideAll(() => stage.users(), decisions, config);
      const plan = await withConnection(config.legacy.database, "legacy", async (legacy): Promise<Plan> => {
        const catalog = await readCatalog(legacy, "legacy");
        const found = await readTables(legacy, "legacy");
        const problems = mappingProblems(config.tables, config.stays, catalog, null, found);
        if (problems.length > 0) {
          throw new MoveError("MAPPING_INCOMPLETE", `The mapping does not fit legacy: ${problems.join("; ")}.`, {
            next: "Correct `tables` in rehome.config.ts and run the command again.",
          });
        }
        const tables = [...(await planRows(legacy, catalog, config, decisions)), ...(await planElsewhere(legacy, config, found))];
        const practices = await planPractices(legacy, () => pairs(stage.users(), decisions), config.users);
        return {
          name: config.name,
          sources,
          users: counts.users,
          practices,
          tables,
          auditRows: await countAudit(config.legacy.audit),
          workos: estimateRequests({ ...counts.moving, practices: practices.people }, config),
          monthlyCost: config.monthlyCost ?? null,
          unfenced: unfenced(config.stays, found),
          open: counts.open,
        };
      });
      return await use(plan, decisions);
    } finally {
      decisions.close();
    }
  });
}

interface Counts {
  users: Plan["users"];
  moving: { moving: number; withTotp: number };
  open: string[];
}

/** Twice over everybody: who claims which address must be known before the first decision. */
function decideAll(people: () => Iterable<LegacyUser>, decisions: DecisionStore, config: MoveConfig): Counts {
  const accepted = new Set(config.users.accept.map(({ id }) => id));
  const counts: Counts = {
    users: { total: 0, byDisposition: { move: {}, move_reset_password: {}, hold: {}, exclude: {} }, losses: {}, resetByHasher: {} },
    moving: { moving: 0, withTotp: 0 },
    open: [],
  };
  const { users, moving } = counts;
  decisions.claimAll(people());
  decisions.decideAll(people(), { roles: config.users.roles, dropMetadata: config.users.dropMetadata }, (user, decision) => {
    const { disposition, reason, losses } = decision;
    users.total += 1;
    add(users.byDisposition[disposition], reason);
    for (const loss of losses) add(users.losses, loss);
    if (disposition === "move_reset_password" && user.hasPassword)
      add(users.resetByHasher, user.hasher ? nameOfHasher(user.hasher) : "unknown");
    if (disposition === "move" || disposition === "move_reset_password") {
      moving.moving += 1;
      if (user.totp) moving.withTotp += 1;
    }
    if (disposition === "hold" && !accepted.has(decision.legacyUserId)) counts.open.push(decision.legacyUserId);
  });
  return counts;
}

/** Everybody with the decision: both stand in the order of Clerk. */
function* pairs(people: Iterable<LegacyUser>, decisions: Iterable<Decision>): Generator<[LegacyUser, Decision]> {
  const rest = decisions[Symbol.iterator]();
  for (const user of people) {
    const decision: Decision | undefined = rest.next().value;
    if (decision?.legacyUserId !== user.id) throw new Error(`no decision of ${user.id} where it belongs`);
    yield [user, decision];
  }
}

function add(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

async function countAudit(url: string | undefined): Promise<number | null> {
  if (!url) return null;
  return withConnection(url, "legacy", async (client) => {
    const [row] = await query<{ n: number }>(client, "count the legacy audit log", "select count(*)::int as n from audit_logs");
    return row?.n ?? 0;
  });
}
