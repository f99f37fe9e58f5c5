import { escapeIdentifier } from "pg";

export type Param = string | number | boolean | null;

export interface Statement {
  text: string;
  params: Param[];
}

export interface TargetStatement extends Statement {
  /** It may find nothing to do, such as clearing a schedule that has no windows. Any other statement that touches no row was refused. */
  mayTouchNone?: true;
}

export type JobName = "booking" | "payments" | "sync" | "admin" | "identity";

/** Who writes: a person with a token for an organization, or a background job under its role. */
export type Writer = { kind: "person"; legacyUserId: string; orgId: string } | { kind: "job"; job: JobName };

/** One transaction of the product on the target, and what it would have been on legacy. */
export interface PairedWrite {
  kind: string;
  as: Writer;
  target: TargetStatement[];
  /** Takes the rows that the target's statements returned: a serial key is known only then. */
  legacy: (returned: readonly Record<string, unknown>[]) => Statement[];
}

type Row = Readonly<Record<string, Param>>;

/** @param returning column whose value legacy needs */
export function insert(table: string, row: Row, returning?: string): Statement {
  const names = Object.keys(row);
  const places = names.map((_, index) => `$${index + 1}`);
  const back = returning === undefined ? "" : ` returning ${escapeIdentifier(returning)}`;
  return {
    text: `insert into ${escapeIdentifier(table)} (${names.map(escapeIdentifier).join(", ")}) values (${places.join(", ")})${back}`,
    params: Object.values(row),
  };
}

/** Sets columns of the rows whose key columns have these values. */
export function update(table: string, key: Row, set: Row): Statement {
  const names = Object.keys(set);
  const sets = names.map((name, index) => `${escapeIdentifier(name)} = $${index + 1}`);
  return {
    text: `update ${escapeIdentifier(table)} set ${sets.join(", ")} where ${matching(key, names.length)}`,
    params: [...Object.values(set), ...Object.values(key)],
  };
}

export function remove(table: string, key: Row): Statement {
  return { text: `delete from ${escapeIdentifier(table)} where ${matching(key, 0)}`, params: Object.values(key) };
}

function matching(key: Row, taken: number): string {
  return Object.keys(key)
    .map((name, index) => `${escapeIdentifier(name)} = $${taken + index + 1}`)
    .join(" and ");
}

/** One moment in both spellings: with its zone for the target, naive UTC for legacy. To the microsecond, as Postgres keeps it. */
export interface Moment {
  ms: number;
  target: string;
  legacy: string;
}

export function moment(ms: number, microseconds = 0): Moment {
  const iso = new Date(ms).toISOString().slice(0, -1) + String(microseconds).padStart(3, "0");
  return { ms, target: `${iso}Z`, legacy: iso.replace("T", " ") };
}
