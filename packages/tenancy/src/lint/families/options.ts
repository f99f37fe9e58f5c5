import type { Rule } from "../finding.ts";

/** The options themselves: a check over nothing does not hold. */
export const OPTION_RULES: readonly Rule[] = [
  {
    id: "nothing-to-check",
    level: "error",
    title: "The options name what is not there",
    why: "Rules over a schema or role that does not exist find nothing, and that looks clean.",
  },
];

/** Not by a query: see accept.ts. */
export const ACCEPT_RULE: Rule = {
  id: "accepted-and-gone",
  level: "warn",
  title: "An accepted finding that is not there",
  why: "What was accepted was mended or renamed. The entry would silently accept the next finding of that name.",
};
