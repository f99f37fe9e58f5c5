import { isRefusal, type Judgement, type Probe, sameCount } from "./probe.ts";
import { DATABASE } from "./routes.ts";
import type { Outcome } from "./session.ts";

/**
 * Whoever may read or write files of the server, or run its programs, is past every policy: the tables are files. What these statements
 * would do if they ran is nothing: `true` ends at once, and /dev/null keeps nothing.
 */
export function serverFileProbes(): Probe[] {
  const probe = (way: string, sql: string, judge: Probe["judge"] = refusedOnly): Probe => ({
    table: DATABASE,
    verb: "select",
    route: "server files",
    way,
    sql,
    answer: true,
    granted: false,
    judge,
  });
  return [
    // No row, so that no pipe can break.
    { ...probe("program", "copy (select where false) to program 'true'"), answer: false },
    { ...probe("write", "copy (select where false) to '/dev/null'"), answer: false },
    // The right is asked before the table.
    { ...probe("read", "copy pg_catalog.hunt_nothing from '/dev/null'"), answer: false },
    probe("function", "select pg_catalog.pg_read_file('PG_VERSION')"),
    // A member that does not inherit a role may still take it.
    probe("membership", MEMBERSHIPS, sameCount(0, false)),
  ];
}

// Any other failure comes after the right was found to be there.
function refusedOnly({ state }: Outcome): Judgement {
  return state !== null && isRefusal(state) ? { is: "right" } : { is: "open", what: state ?? "it ran" };
}

const MEMBERSHIPS = `select count(*) from pg_catalog.pg_roles
  where rolname in ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files') and pg_catalog.pg_has_role(oid, 'MEMBER')`;
