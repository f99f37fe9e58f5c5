import type { Rule } from "../finding.ts";

/** Tables: is every row guarded, and does it say whose it is? */
export const TABLE_RULES: readonly Rule[] = [
  {
    id: "row-security-off",
    level: "error",
    title: "A table without row security",
    why: "Whoever may use the table sees and changes every organization's rows.",
    splinter: "0013",
  },
  {
    id: "row-security-off-with-policies",
    level: "error",
    title: "Policies that are not in force",
    why: "Its policies look like protection and are not asked: row security is switched off.",
    splinter: "0007",
  },
  {
    id: "row-security-not-forced",
    level: "error",
    title: "FORCE is missing",
    why: "The owner is past every policy, and so is each definer function, view and trigger that acts as the owner.",
  },
  {
    id: "no-policy",
    level: "info",
    title: "Row security without a policy",
    why: "That is right for a table nobody of the product may see, and a mistake elsewhere.",
    splinter: "0008",
  },
  {
    id: "owner-can-log-in",
    level: "error",
    title: "The owner is more than an owner",
    why: "An owner can switch row security off. It must be a role that nobody logs in as or can become, without rights over everything.",
  },
  {
    id: "no-primary-key",
    level: "info",
    title: "No primary key",
    why: "Its rows cannot be told apart: no replication of changes, no safe repair.",
    splinter: "0004",
  },
  {
    id: "org-column-missing",
    level: "warn",
    title: "No org column",
    why: "A row that does not say whose it is can only be guarded by reading other tables, and is forgotten when an organization is deleted.",
  },
  {
    id: "org-column-nullable",
    level: "error",
    title: "The org column may be null",
    why: "A row without an organization is seen by nobody, deleted by nobody, and escapes unique keys, in which nulls differ.",
  },
  {
    id: "table-rule",
    level: "warn",
    title: "A rewrite rule on a table",
    why: "What a rule reads and writes is checked against the rights of the table's owner, not of the caller.",
  },
];
