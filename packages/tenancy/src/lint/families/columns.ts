import type { Rule } from "../finding.ts";

/** Columns: policies say which rows, grants say which columns. */
export const COLUMN_RULES: readonly Rule[] = [
  {
    id: "identity-column-writable",
    level: "error",
    title: "An identity column the product may change",
    why: "A policy that compares a column is worth what the column is worth: who may update it makes rows of others, or an admin of oneself.",
  },
  {
    id: "money-column-writable",
    level: "error",
    title: "A money column the product may change",
    why: "Amounts and payout states are said by the payment service. A person who may write them pays themselves.",
  },
  {
    id: "sensitive-column-open",
    level: "error",
    title: "A credential anybody may read",
    why: "Columns with such names hold what opens accounts or harms people, and this one is read without row security or without an identity.",
    splinter: "0023",
  },
  {
    id: "confidential-column-open",
    level: "warn",
    title: "A confidential-looking column the product may select",
    why: "Postgres runs comparisons before policies, and EXPLAIN ANALYZE tells whether a hidden row met them: whoever runs SQL as the product reads such a column of everybody by binary search. Declare it with confidential(), or accept it with a reason.",
  },
];
