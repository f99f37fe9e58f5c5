import type { ClientBase } from "pg";
import { TenancyError } from "../errors.ts";
import { refuseOldServer } from "./recent.ts";
import { DEFAULT_SCHEMA, inSchema } from "./sql-text.ts";

/**
 * Makes the schema ours, or finds that it is; holds its table `version` against other installers until the transaction ends.
 *
 * @returns the version found, 0 for none
 * @throws TenancyError install_refused when the server is older than 16, the schema belongs to somebody else, or its version is newer
 */
export async function claimSchema(client: ClientBase, schema: string, newest: number): Promise<number> {
  await refuseOldServer(client);
  const { rows } = await client.query<{
    plain: boolean;
    owner: string | null;
    extension: string | null;
    ours: boolean;
    empty: boolean;
    roles: number;
  }>(
    `select quote_ident($1) = $1 as plain,
            (select nspowner::regrole::text from pg_namespace where nspname = $1) as owner,
            (select min(e.extname) from pg_depend d join pg_extension e on e.oid = d.refobjid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
              where d.objid = to_regnamespace($1) and d.classid = 'pg_namespace'::regclass
                 or d.classid = 'pg_proc'::regclass and d.objid in (select oid from pg_proc where pronamespace = to_regnamespace($1))) as extension,
            to_regclass($1 || '.version') is not null and to_regclass($1 || '.jwk') is not null as ours,
            not exists (select from pg_proc where pronamespace = to_regnamespace($1)) and not exists (select from pg_class where relnamespace = to_regnamespace($1)) as empty,
            (select count(*)::int from pg_roles where rolname in ('rehome_owner', 'rehome_guard', 'rehome_keys', 'rehome_mover', 'authenticated', 'anonymous')) as roles`,
    [schema],
  );
  const found = rows[0];
  if (!found?.plain) throw refused(`"${schema}" is a word of SQL.`, "Choose another schema.");
  if (found.roles < 6) throw refused("The roles of the guard are missing.", "Call installRoles first.");
  if (found.owner !== null && (found.extension !== null || found.owner !== "rehome_owner" || !(found.ours || found.empty))) {
    const whose =
      found.extension === null
        ? `belongs to ${found.owner} (Supabase's, or another product's)`
        : `belongs to the extension ${found.extension}`;
    const beside = schema === DEFAULT_SCHEMA ? "guard" : "another";
    throw refused(
      `Schema ${schema} ${whose}; nothing was changed.`,
      `Install the guard beside it: installGuard(client, { schema: "${beside}" }). Policies then come from policyBuilders({ schema: "${beside}" }), the client from createTenancy({ guardSchema: "${beside}" }), and tenancy.config.ts says guardSchema: "${beside}".`,
    );
  }
  if (found.owner === null) await client.query(`create schema ${schema} authorization rehome_owner`);
  await client.query("set local role rehome_owner");
  await client.query(
    inSchema(
      "create table if not exists auth.version (version int primary key, installed_at timestamptz not null default clock_timestamp())",
      schema,
    ),
  );
  // Its rows, once there are any: the table could be held by anybody who may name it in a statement.
  const { rowCount } = await client.query(inSchema("select from auth.version for update", schema));
  if (rowCount === 0) await client.query(inSchema("lock table auth.version in exclusive mode", schema));
  const { rows: versions } = await client.query<{ version: number | null }>(
    inSchema("select max(version) as version from auth.version", schema),
  );
  const version = versions[0]?.version ?? 0;
  if (version > newest)
    throw refused(
      `A newer guard (version ${version}; this package knows ${newest}) is installed.`,
      "Use the newer version of @rehome/tenancy.",
    );
  return version;
}

function refused(message: string, next: string): TenancyError {
  return new TenancyError("install_refused", {}, { message, next });
}
