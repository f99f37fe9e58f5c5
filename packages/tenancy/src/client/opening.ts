import { randomInt } from "node:crypto";
import type { Statement, Wire } from "./wire.ts";

export const ROLLBACK: Statement = { text: "rollback" };
export const COMMIT: Statement = { text: "commit" };
export const MARK: Statement = { text: "select pg_catalog.current_setting('rehome.transaction', true)" };

/**
 * What goes before the first statement of a transaction, in one flight with it: if one of these fails, the server does not even read the rest.
 *
 * The cleaning stands inside the transaction, before the identity: through a pooler, a DISCARD between transactions may reach another server.
 * What an earlier user of the connection left (cursors, prepared statements, settings, sequences' last values, locks, random's seed, a role) is
 * gone when the identity arrives. BEGIN names all its properties because their defaults are settings, too. RESET ALL goes back to the login's
 * own defaults, which SQL of the application can change; those that would write tokens into the server's log are set here. SET ROLE is no
 * setting that RESET ALL takes back.
 *
 * @param wire its transaction is rolled back when somebody left one open
 * @param role a name that needs no quoting
 * @param mark put into the transaction-local setting of {@link MARK}, by which this transaction is told from one that came after it
 */
export function opening(wire: Wire, { role, readOnly, mark }: { role: string; readOnly: boolean; mark: string }): Statement[] {
  return [
    ...(wire.status() === "I" ? [] : [ROLLBACK]),
    { text: `begin isolation level read committed, ${readOnly ? "read only" : "read write"}, not deferrable` },
    ...CLEANING,
    { text: SETTING, values: [randomInt(2 ** 47) / 2 ** 46 - 1, role, mark] },
  ];
}

const CLEANING: readonly Statement[] = ["close all", "deallocate all", "unlisten *", "reset all", "discard sequences", "reset role"].map(
  (text) => ({ text }),
);

const SETTING = `select pg_catalog.pg_advisory_unlock_all(), pg_catalog.setseed($1), pg_catalog.set_config('log_parameter_max_length_on_error', '0', true), ${[
  "debug_print_parse",
  "debug_print_rewritten",
  "debug_print_plan",
]
  .map((name) => `pg_catalog.set_config('${name}', 'off', true)`)
  .join(", ")}, pg_catalog.set_config('role', $2, true), pg_catalog.set_config('rehome.transaction', $3, true)`;
