/** error: rows can be seen or changed by whom they do not belong to. warn: they may be, or it costs much. info: worth knowing. */
export type Level = "error" | "warn" | "info";

export const LEVELS: readonly Level[] = ["error", "warn", "info"];

export interface Finding {
  rule: string;
  level: Level;
  /** What it is about: `public.note`, `public.note policy own`, `role app`, `public.f(text)`, `schema public`, `database`. Never a row's value. */
  object: string;
  /** What was found there. */
  what: string;
  /** Why it matters. */
  why: string;
  /** SQL that mends it; what stands in `<…>`, or after `--`, is for a person to decide. */
  mend: string;
}

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
