import { createHash } from "node:crypto";
import pg from "pg";

/** A name, quoted for SQL: `"clerkUserId"`. */
export const id = (name: string): string => pg.escapeIdentifier(name);
/** A constant, quoted for SQL. */
export const quote = (value: string): string => pg.escapeLiteral(value);

/** Longest name in bytes; Postgres cuts what is longer, and two names could become one. */
const LONGEST = 63;

/** A name of our own for something that belongs to a table: `back_` and the table's name, cut and told apart by a digest where that is too long. */
export function nameFor(prefix: string, table: string): string {
  const name = `${prefix}${table}`;
  if (Buffer.byteLength(name) <= LONGEST) return name;
  const digest = createHash("sha256").update(table).digest("hex").slice(0, 12);
  return `${cut(name, LONGEST - digest.length - 1)}_${digest}`;
}

/** At most so many bytes, and no half of a letter. */
const cut = (text: string, bytes: number): string =>
  [...text].reduce((kept, letter) => (Buffer.byteLength(kept + letter) <= bytes ? kept + letter : kept), "");
