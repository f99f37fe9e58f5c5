import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { query } from "../postgres/query.ts";
import type { Decision } from "./dispositions.ts";

/** Somebody of whom the config's `practice` and the signs in legacy do not say the same. */
export interface PracticeConflict {
  legacyUserId: string;
  /** Whether this person gets a practice. Without one, rows of the person's own lie in the home. */
  practice: boolean;
  /** Signs of `practiceSigns` that legacy has, and those that it lacks. */
  has: string[];
  lacks: string[];
}

export interface PracticePlan {
  /** How many of those who move get a practice beside the home. */
  people: number;
  conflicts: PracticeConflict[];
}

/**
 * Who gets a practice, and everybody of whom legacy says something else. Only of those who move. Reads only.
 *
 * @param people everybody with the decision; asked for once, after the signs are read
 */
export async function planPractices(
  legacy: ClientBase,
  people: () => Iterable<readonly [LegacyUser, Decision]>,
  { organizations }: MoveConfig["users"],
): Promise<PracticePlan> {
  const signs: { name: string; ids: ReadonlySet<string> }[] = [];
  for (const [name, sql] of Object.entries(organizations.practiceSigns)) {
    const rows = await query<{ id: string }>(legacy, `look for the sign ${name}`, sql);
    signs.push({ name, ids: new Set(rows.map((row) => row.id)) });
  }
  const plan: PracticePlan = { people: 0, conflicts: [] };
  for (const [user, { disposition }] of people()) {
    if (disposition !== "move" && disposition !== "move_reset_password") continue;
    const practice = organizations.practice(user) !== undefined;
    if (practice) plan.people += 1;
    const has = signs.filter(({ ids }) => ids.has(user.id)).map(({ name }) => name);
    const lacks = signs.filter(({ ids }) => !ids.has(user.id)).map(({ name }) => name);
    if ((practice ? lacks : has).length > 0) plan.conflicts.push({ legacyUserId: user.id, practice, has, lacks });
  }
  return plan;
}
