import pg from "pg";

/** A name, quoted for SQL: `"clerkUserId"`. */
export const id = (name: string): string => pg.escapeIdentifier(name);
/** A constant, quoted for SQL. */
export const quote = (value: string): string => pg.escapeLiteral(value);
