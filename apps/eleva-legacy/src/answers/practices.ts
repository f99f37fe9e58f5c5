import type { Known } from "./known.ts";
import { isExpert } from "./persons.ts";

/** What the plan must say of practices: how many there will be, and who contradicts the role, by what legacy holds. */
export interface PracticeAnswers {
  people: number;
  /** Legacy user id → the signs that are wrong for the role: those that an expert lacks, or that somebody else has. */
  contradictions: Record<string, string[]>;
}

const ROWS = {
  clerkUserId: ["events", "schedules", "meetings"],
  user_id: ["scheduling_settings"],
  clerk_user_id: ["blocked_dates", "session_packs", "slot_reservations"],
  expert_id: ["records"],
  expert_clerk_user_id: ["payment_transfers"],
} as const;

/** By docs/mapping.md: an expert by role has a profile, rows and a Connect account, and nobody else has any of them. */
export function answerPractices({ moved, tables }: Known): PracticeAnswers {
  const withProfile = new Set(tables.profiles.map((row) => row["clerkUserId"]));
  const withRows = new Set(
    Object.entries(ROWS).flatMap(([column, names]) => names.flatMap((name) => tables[name].map((row) => row[column]))),
  );
  const paid = new Set(tables.users.filter((row) => (row["stripe_connect_account_id"] ?? null) !== null).map((row) => row["clerkUserId"]));
  const answers: PracticeAnswers = { people: 0, contradictions: {} };
  for (const [id, user] of moved) {
    const expert = isExpert(user);
    if (expert) answers.people += 1;
    const signs = { profile: withProfile.has(id), expert_rows: withRows.has(id), connect_account: paid.has(id) };
    const wrong = Object.entries(signs).flatMap(([name, there]) => (there === expert ? [] : [name]));
    if (wrong.length > 0) answers.contradictions[id] = wrong;
  }
  return answers;
}
