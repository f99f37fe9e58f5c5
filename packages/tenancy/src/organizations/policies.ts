import { type SQL, sql } from "drizzle-orm";
import { type AnyPgColumn, type PgPolicy, type PgRole, pgPolicy, pgRole } from "drizzle-orm/pg-core";

const claim = pgRole("rehome_job_claim").existing();
const deletion = pgRole("rehome_job_deletion").existing();

/** What rows of other organizations name once their party is gone: nobody's organization. */
export const STAND_IN = "org_erased";

/** The organizations that are being deleted right now; computed once a statement. */
export const BEING_DELETED = "(array(select d.org_id from tenancy.deletion d where d.state <> 'done'))";

/** The persons who are being erased right now; computed once a statement. */
export const BEING_ERASED = "(array(select unnest(d.users) from tenancy.deletion d where d.state <> 'done'))";

/**
 * The deletion job's policies for a table, to be declared beside the table's others: it reads and deletes rows of organizations that are being
 * deleted, and no others. Without them installOrganizations makes the same ones itself, unknown to drizzle-kit and afterMigration.
 *
 * @param columns every column of the table that names an organization, the owner's first
 * @param options.released those of them that let go (`release` of installOrganizations); a row is not deleted with a party that does
 * @param options.person the column that names a person with whom the row goes (`erase` of installOrganizations)
 */
export function deletable(
  table: string,
  columns: readonly AnyPgColumn[],
  { released = [], person }: { released?: readonly AnyPgColumn[]; person?: AnyPgColumn } = {},
): PgPolicy[] {
  const ending = (column: AnyPgColumn): SQL => sql`${column} = any ${sql.raw(BEING_DELETED)}`;
  const deleting = columns.filter((column, at) => at === 0 || !released.includes(column));
  const erased = person ? [sql`${person} = any ${sql.raw(BEING_ERASED)}`] : [];
  const gone = (column: AnyPgColumn): SQL => sql`${column} = ${sql.raw(`'${STAND_IN}'`)}`;
  return [
    // What an update makes must be visible to whoever also reads the table in it.
    pgPolicy(`${table}_select_job_deletion`, {
      for: "select",
      to: deletion,
      using: either([...columns.map(ending), ...erased, ...released.map(gone)]),
    }),
    pgPolicy(`${table}_delete_job_deletion`, { for: "delete", to: deletion, using: either([...deleting.map(ending), ...erased]) }),
    ...(released.length === 0
      ? []
      : [
          pgPolicy(`${table}_update_job_deletion`, {
            for: "update",
            to: deletion,
            using: either(released.map(ending)),
            withCheck: either(released.map(gone)),
          }),
        ]),
  ];
}

/**
 * The claim job's policies for a table whose rows a guest may have left: from an unclaimed organization to a claimed one, never a row that is
 * somebody's already, and never back.
 */
export function claimable(table: string, column: AnyPgColumn): PgPolicy[] {
  const claimed = (not: string): SQL =>
    sql`exists (select from public.organizations o where o.id = ${column} and ${sql.raw(not)}o.claimed)`;
  return [
    allRows(table, "select", claim, "job_claim"),
    pgPolicy(`${table}_update_job_claim`, { for: "update", to: claim, using: claimed("not "), withCheck: claimed("") }),
  ];
}

type Verb = "select" | "insert" | "update" | "delete";

/** All rows, for one verb. */
export function allRows(table: string, verb: Verb, to: PgRole, who: string, check = "true"): PgPolicy {
  return pgPolicy(`${table}_${verb}_${who}`, {
    for: verb,
    to,
    ...(verb === "insert" ? {} : { using: sql`true` }),
    ...(verb === "insert" || verb === "update" ? { withCheck: sql.raw(check) } : {}),
  });
}

function either(conditions: readonly SQL[]): SQL {
  return sql.join([...conditions], sql` or `);
}
