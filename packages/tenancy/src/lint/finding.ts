/** error: rows can be seen or changed by whom they do not belong to. warn: they may be, or it costs much. info: worth knowing. */
export type Level = "error" | "warn" | "info";

export const LEVELS: readonly Level[] = ["error", "warn", "info"];

export interface Finding {
  rule: string;
  level: Level;
  /** What it is about: `public.note`, `public.note policy own`, `role app`, `public.f(text)`, `schema public`, `database`, `src/shop.ts`. Never a row's value. */
  object: string;
  /** What was found there. */
  what: string;
  /** Why it matters. */
  why: string;
  /** SQL that mends it; what stands in `<…>`, or after `--`, is for a person to decide. */
  mend: string;
  /** For what was found in source code: the file, from the folder of tenancy.config.ts, and the line on which the literal or call begins. */
  place?: { file: string; line: number };
}

/** The order of findings: by level, then object, then rule. */
export function worstFirst(a: Finding, b: Finding): number {
  return LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || compare(a.object, b.object) || compare(a.rule, b.rule);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What a rule finds; the rest of a finding is the rule's own. */
export interface Hit {
  object: string;
  what: string;
  mend: string;
}

export interface Rule {
  id: string;
  level: Level;
  title: string;
  why: string;
  /** The rule of splinter (github.com/supabase/splinter) that looks for the same. */
  splinter?: string;
}
