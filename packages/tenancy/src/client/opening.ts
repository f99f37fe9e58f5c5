import { randomInt } from "node:crypto";
import type { Statement, Wire } from "./wire.ts";

export const ROLLBACK: Statement = { text: "rollback" };
export const COMMIT: Statement = { text: "commit" };
export const MARK: Statement = { text: "select pg_catalog.current_setting('rehome.transaction', true)" };

/** What the product may choose of the settings that the opening fixes. */
export interface Meaning {
  searchPath: string;
  timeZone: string;
}

/** Postgres's own defaults. */
export const DEFAULT_MEANING: Meaning = { searchPath: '"$user", public', timeZone: "UTC" };

interface Opening {
  /** A name that needs no quoting. */
  role: string;
  readOnly: boolean;
  /** Put into the transaction-local setting of {@link MARK}, by which this transaction is told from one that came after it. */
  mark: string;
  meaning: Meaning;
}

/**
 * What goes before the first statement of a transaction, in one flight with it: if one of these fails, the server does not even read the rest.
 *
 * The cleaning stands inside the transaction, before the identity: through a pooler, a DISCARD between transactions may reach another server.
 * What an earlier user of the connection left (cursors, prepared statements, settings, sequences' last values, locks, random's seed, a role) is
 * gone when the identity arrives. BEGIN names all its properties because their defaults are settings, too. UNLISTEN counts from a commit on, so
 * it has a transaction of its own, in the same flight and so on the same server. RESET ALL goes back to the login's own defaults, which SQL of
 * the application can change; those that would write tokens into the server's log, or change what values and SQL mean, are set here. SET ROLE
 * is no setting that RESET ALL takes back.
 *
 * @param wire its transaction is rolled back when somebody left one open
 */
export function opening(wire: Wire, { role, readOnly, mark, meaning }: Opening): Statement[] {
  return [
    ...(wire.status() === "I" ? [] : [ROLLBACK]),
    ...UNLISTENING,
    { text: `begin isolation level read committed, ${readOnly ? "read only" : "read write"}, not deferrable` },
    ...CLEANING,
    { text: SETTING, values: [randomInt(2 ** 47) / 2 ** 46 - 1, role, mark, [...VALUES, meaning.timeZone, meaning.searchPath]] },
  ];
}

const statements = (...texts: string[]): readonly Statement[] => texts.map((text) => ({ text }));

/** Read only, because a standby takes no other transaction. */
const UNLISTENING = statements("begin isolation level read committed, read only, not deferrable", "unlisten *", "commit");

const CLEANING = statements("close all", "deallocate all", "reset all", "discard sequences", "reset role");

/**
 * Settings that any login may make its own defaults, with the values that SQL and drivers take for granted. Those of a place (lc_*, text search) and
 * of cost (timeouts, plans, synchronous_commit) are the server owner's to choose, so they stay as the login has them.
 */
const MEANING: Readonly<Record<string, string>> = {
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  timezone_abbreviations: "Default",
  client_encoding: "UTF8",
  standard_conforming_strings: "on",
  backslash_quote: "safe_encoding",
  bytea_output: "hex",
  extra_float_digits: "1",
  array_nulls: "on",
  transform_null_equals: "off",
  xmlbinary: "base64",
  xmloption: "content",
  gin_fuzzy_search_limit: "0",
  row_security: "on",
  quote_all_identifiers: "off",
};

const QUIET: Readonly<Record<string, string>> = {
  log_parameter_max_length_on_error: "0",
  debug_print_parse: "off",
  debug_print_rewritten: "off",
  debug_print_plan: "off",
};

const FIXED = { ...QUIET, ...MEANING };
const NAMES = [...Object.keys(FIXED), "TimeZone", "search_path"];
const VALUES = Object.values(FIXED);

/**
 * $1 the seed, $2 role, $3 mark, $4 values of {@link NAMES}. Set is only what is another: setting all costs the server several times what comparing
 * does (timezone_abbreviations even reads a file), and so does analyzing a call for each.
 */
const SETTING = `select pg_catalog.pg_advisory_unlock_all(), pg_catalog.setseed($1),
  (select pg_catalog.count(pg_catalog.set_config(('{${NAMES.join(",")}}'::pg_catalog.text[])[i], ($4::pg_catalog.text[])[i], true))
     from pg_catalog.generate_series(1, ${NAMES.length}) i
    where pg_catalog.current_setting(('{${NAMES.join(",")}}'::pg_catalog.text[])[i]) operator(pg_catalog.<>) ($4::pg_catalog.text[])[i]),
  pg_catalog.set_config('role', $2, true), pg_catalog.set_config('rehome.transaction', $3, true)`;
