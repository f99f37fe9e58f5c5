import type { ElevaWorld } from "@rehome/eleva-legacy";
import { judge, type Proof } from "rehome";

/**
 * Proves that the plan equals the answer file: every person's disposition and reason, for every table how many rows move and stay, and why, and
 * everybody whose role contradicts rows, profile or Connect account.
 */
export function provePlan(plan: Record<string, unknown>, world: ElevaWorld): Proof {
  const decisions = (plan["decisions"] ?? []) as { legacyUserId: string; disposition: string; reason: string }[];
  const tables = (plan["tables"] ?? []) as { table: string; rows: number; stays: Record<string, number> }[];
  const decided = new Map(decisions.map((decision) => [decision.legacyUserId, `${decision.disposition} ${decision.reason}`]));
  const planned = new Map(tables.map((table) => [table.table, table]));
  const offenders: string[] = [];
  let checked = 0;
  const people = Object.entries(world.answers.people);
  for (const [id, { disposition, reason }] of people) {
    if (decided.has(id)) checked += 1;
    if (decided.get(id) !== `${disposition} ${reason}`)
      offenders.push(`${id}: ${decided.get(id) ?? "not in the plan"}, expected ${disposition} ${reason}`);
  }
  const counts = Object.entries(world.answers.rowCounts);
  for (const [table, count] of counts) {
    const plannedTable = planned.get(table);
    if (plannedTable) checked += 1;
    if (plannedTable?.rows !== count.total || !sameCounts(plannedTable.stays, world.answers.leftBehind[table] ?? {}))
      offenders.push(`${table}: other counts`);
  }
  const practices = (plan["practices"] ?? {}) as { people?: number; conflicts?: Conflict[] };
  const said = new Map(
    (practices.conflicts ?? []).map((one) => [one.legacyUserId, (one.practice ? one.lacks : one.has).toSorted().join()]),
  );
  const contradictions = Object.entries(world.answers.practices.contradictions);
  for (const [id, wrong] of contradictions) {
    if (said.has(id)) checked += 1;
    if (said.get(id) !== wrong.toSorted().join()) offenders.push(`${id}: the plan does not name what contradicts the role`);
  }
  if (practices.people !== world.answers.practices.people) offenders.push("another number of practices");
  if (said.size !== contradictions.length)
    offenders.push(`${said.size} contradictions in the plan, ${contradictions.length} in the answer file`);
  if (decisions.length !== people.length) offenders.push(`${decisions.length} people in the plan, ${people.length} in the answer file`);
  if (tables.length !== counts.length) offenders.push(`${tables.length} tables in the plan, ${counts.length} in the answer file`);
  const figure = `${people.length} dispositions with their reasons, ${counts.length} tables, ${practices.people} practices and ${said.size} contradictions equal the answer file`;
  return judge({ name: "plan", checked, expected: people.length + counts.length + contradictions.length, figure, offenders });
}

interface Conflict {
  legacyUserId: string;
  practice: boolean;
  has: string[];
  lacks: string[];
}

function sameCounts(a: Record<string, number>, b: Record<string, number | undefined>): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => (a[name] ?? 0) === (b[name] ?? 0));
}
