import type { ClientBase } from "pg";
import type { GuardNames } from "../install/sql-text.ts";
import type { SettledOptions } from "../lint/options.ts";

/** ok: as it should be. warn: works, and should be mended. bad: does not work, or does not protect. unknown: could not be looked at. */
export type State = "ok" | "warn" | "bad" | "unknown";

export interface Check {
  name: string;
  state: State;
  /** What was found. */
  found: string;
  /** The SQL or command that mends it; empty when there is nothing to mend. */
  mend: string;
}

/** What every check may ask. */
export interface Patient {
  client: ClientBase;
  options: SettledOptions;
  /** `schema.table` of the memberships that the guard asks. */
  mirror: string;
  /** This machine's time, in milliseconds since 1970. */
  now: () => number;
}

export const ok = (name: string, found: string): Check => ({ name, state: "ok", found, mend: "" });

/** Statements to run one by one, then the call where there is one. */
export function mendBy(sql: readonly string[], call?: string): string {
  return [sql.join("; "), ...(call === undefined ? [] : [call])].filter((part) => part !== "").join("; then ");
}

/** Installs again; run as the installer. */
export const installCall = ({ schema, mirror }: GuardNames): string =>
  `call installGuard(client, { schema: "${schema}", mirror: "${mirror}" })`;

/** `3 min`, `2.5 h`, `4 days`, out of seconds. */
export function age(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 86_400)} days`;
}
