import type { Row } from "../catalog.ts";
import { places, rowColumns } from "../expression/questions.ts";
import type { Facts, Policy, Verb } from "../facts.ts";
import type { Rule } from "../finding.ts";

/** Keys and indexes: they look at all rows, whatever the policies say. */
export const KEY_RULES: readonly Rule[] = [
  {
    id: "foreign-key-crosses-organizations",
    level: "warn",
    title: "A foreign key that crosses organizations",
    why: "Foreign keys see hidden rows. A person may hang a row on another organization's, see by the error whether it exists, and lose or keep it with theirs.",
  },
  {
    id: "foreign-key-without-index",
    level: "info",
    title: "A foreign key without index",
    why: "Each delete of a parent, and so each deletion of an organization, reads the child table whole and holds its locks meanwhile.",
    splinter: "0001",
  },
  {
    id: "foreign-key-to-guard",
    level: "error",
    title: "A foreign key into the guard or the mirror",
    why: "The guard's tables are not the product's: an upgrade or a rotation would fail, or delete rows of the product with them. A key to the memberships lets a member's open transaction delay the member's own removal.",
    splinter: "0021",
  },
  {
    id: "unique-key-leaks",
    level: "warn",
    title: "A unique key over hidden rows",
    why: "A unique key sees every organization's rows: a refused insert (23505) tells that the value exists. Put the organization into the key, or use a key nobody can guess.",
  },
  {
    id: "duplicate-index",
    level: "warn",
    title: "Two indexes that are the same",
    why: "Every write pays for both.",
    splinter: "0009",
  },
  {
    id: "invalid-index",
    level: "warn",
    title: "An index that is not valid",
    why: "A build failed half-way: it costs writes, serves no reader, and a unique one guards nothing.",
  },
];

interface ForeignKeyFacts {
  rel: number;
  columns: readonly number[];
  writers: readonly { role: number; verb: Verb }[];
}

/** A foreign key stays a finding unless every policy that lets a person write it also looks the parent row up by one of the key's columns. */
export function isUnchecked(row: Row, { policies }: Facts): boolean {
  const { rel, columns, writers } = row.facts as ForeignKeyFacts;
  return writers.some(({ role, verb }) => {
    const asked = policies.filter((policy) => policy.rel === rel && policy.verbs.includes(verb) && policy.roles.includes(role));
    const looksUp = (policy: Policy) => looksUpAny(policy, columns);
    if (asked.some((policy) => !policy.permissive && looksUp(policy))) return false;
    return !asked.filter((policy) => policy.permissive).every(looksUp);
  });
}

/** Whether the check gives one of the columns to a subselect or a function, rather than comparing it with something known. */
function looksUpAny(policy: Policy, columns: readonly number[]): boolean {
  return places(policy.check ?? policy.using).some(({ node, depth }) => {
    if (node.type !== "SUBLINK" && node.type !== "FUNCEXPR") return false;
    return rowColumns(node, depth).some((column) => columns.includes(column));
  });
}
