import { readFileSync } from "node:fs";
import type { ClientBase } from "pg";
import { retryClashes } from "../install/retry.ts";
import { DEFAULT_MIRROR, DEFAULT_SCHEMA, guardSql, inSchema, quoteRelation } from "../install/sql-text.ts";
import { declare } from "./declare.ts";
import type { Organizations } from "./define.ts";
import { OrganizationError } from "./errors.ts";
import { openProductTables } from "./product-access.ts";

/** The version of schema tenancy that this package installs. */
export const ORGANIZATIONS_VERSION = 3;

const JOBS = ["rehome_job_sync", "rehome_job_claim", "rehome_job_deletion"] as const;
const FUNCTIONS = "rehome_fn_organizations";
const FILES = [
  "tables",
  "rules",
  "addresses",
  "memberships",
  "apply",
  "homes",
  "owner",
  "transfer",
  "erasure",
  "catalog",
  "claim",
  "deletion",
  "access",
] as const;

/** `schema.table` of each. The tables come from organizationTables, or are the product's own with the same columns. */
export interface OrganizationRelations {
  organizations: string;
  memberships: string;
  users: string;
  invitations: string;
  /** org_id, email_key: who left rows without an account. */
  guests: string;
}

export interface InstallOrganizations {
  definition: Organizations;
  /** Where the guard lives. Default `auth`. */
  schema?: string;
  relations?: Partial<OrganizationRelations>;
  /** Schemas in which a column of one of `columns` names an organization. Default `public`. */
  schemas?: readonly string[];
  columns?: {
    /** Whose a row is. Default `org_id`. */
    owner?: string;
    /** Who else a row concerns, and what a guest's rows have: `patient_org_id`. */
    party?: readonly string[];
  };
  /** What law keeps when an organization is deleted, by `schema.table`; other tables are emptied without a copy. */
  archive?: Readonly<Record<string, { keep: string; columns?: readonly string[] }>>;
  /**
   * By `schema.table`, then by party column: rows of another organization stay there when the party is deleted; the column then names
   * `org_erased`, and the columns about the person become what is said here. Without it such rows are deleted with the party.
   */
  release?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string | number | boolean | null>>>>>>;
  /**
   * By `schema.table`, columns that name a person: when a person is erased (`requestDeletion` with `erasePeople`) the rows that name them go,
   * in every organization.
   */
  erase?: Readonly<Record<string, readonly string[]>>;
  /** How long what happened stays in tenancy.outbox, as an interval of Postgres. Default `7 years`. */
  eventsKeep?: string;
  /** Names and images of persons belong to the product: WorkOS fills only empty ones. Default false. */
  productOwnsNames?: boolean;
}

export interface InstalledOrganizations {
  version: number;
  /** False while a table is missing: run again after the product's migration. */
  tablesReady: boolean;
}

/**
 * Installs or renews schema tenancy, the declaration, and what the jobs may do with the product's tables. One transaction; may be run again, and
 * is to be run after each migration, because the policies of the jobs follow the catalog. Needs installRoles and installGuard first.
 *
 * @param client a superuser, or the owner of the database with CREATEROLE and BYPASSRLS
 * @throws OrganizationError bad_definition
 */
export async function installOrganizations(client: ClientBase, options: InstallOrganizations): Promise<InstalledOrganizations> {
  await retryClashes(() => makeRoles(client));
  return await retryClashes(async () => {
    await client.query("begin isolation level read committed read write");
    try {
      const installed = await installOrganizationsWithin(client, options);
      await client.query("commit");
      return installed;
    } catch (error) {
      await client.query("rollback");
      throw error;
    }
  });
}

/**
 * The same within the caller's open transaction, so that it and a migration happen together or not at all. The roles must exist, and no role may
 * be set; afterwards none is, and check_function_bodies is on.
 *
 * @throws OrganizationError bad_definition; after any error the transaction must be rolled back
 */
export async function installOrganizationsWithin(client: ClientBase, options: InstallOrganizations): Promise<InstalledOrganizations> {
  const relations = relationsOf(options);
  await client.query("set local check_function_bodies = off"); // the tables may come later
  await client.query("create schema if not exists tenancy authorization rehome_owner");
  await client.query(
    "set local role rehome_owner; create table if not exists tenancy.version (version int primary key, installed_at timestamptz not null default clock_timestamp()); " +
      `lock table tenancy.version in exclusive mode; grant usage, create on schema tenancy to ${FUNCTIONS}; ${inSchema(`grant usage on schema auth to ${FUNCTIONS}`, options.schema)}`,
  );
  await refuseNewer(client);
  await client.query(
    inSchema(`set local role rehome_guard; grant execute on function auth.org_id(), auth.user_id() to ${FUNCTIONS}`, options.schema),
  );
  const types = await columnTypes(client, relations);
  for (const file of FILES) await client.query(inSchema(tenancySql(file, relations, types), options.schema));
  await client.query(guardSql("drop-owned", { schema: options.schema ?? DEFAULT_SCHEMA, mirror: DEFAULT_MIRROR }));
  await client.query(`set local role rehome_owner; revoke create on schema tenancy from ${FUNCTIONS}; set local role none`);
  const made = await client.query("insert into tenancy.version (version) values ($1) on conflict do nothing", [ORGANIZATIONS_VERSION]);
  // A new version may compute the mirror otherwise.
  const tablesReady = await openProductTables(
    client,
    relations,
    options,
    async () => (await declare(client, options)) || made.rowCount === 1,
  );
  await client.query("set local check_function_bodies = on");
  return { version: ORGANIZATIONS_VERSION, tablesReady };
}

function relationsOf({ relations = {} }: InstallOrganizations): OrganizationRelations {
  const own: OrganizationRelations = {
    organizations: "public.organizations",
    memberships: "public.memberships",
    users: "public.users",
    invitations: "public.invitations",
    guests: "public.guests",
    ...relations,
  };
  for (const name of Object.values(own)) quoteRelation(name); // refuses what is no plain name
  return own;
}

async function makeRoles(client: ClientBase): Promise<void> {
  for (const role of [...JOBS, FUNCTIONS]) {
    const { rows } = await client.query("select from pg_roles where rolname = $1", [role]);
    if (rows.length === 0) {
      await client.query(`create role ${role} nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls`);
    }
  }
  const { rows } = await client.query<{ able: boolean; worker: boolean }>(
    "select pg_has_role(current_user, $1, 'SET') as able, exists (select from pg_roles where rolname = 'rehome_worker') as worker",
    [FUNCTIONS],
  );
  if (!rows[0]?.able) await client.query(`grant ${FUNCTIONS} to current_user with inherit false, set true`);
  if (!rows[0]?.worker) return;
  for (const role of JOBS) {
    const { rows: there } = await client.query(
      "select from pg_auth_members where roleid = $1::regrole and member = 'rehome_worker'::regrole",
      [role],
    );
    if (there.length === 0) await client.query(`grant ${role} to rehome_worker with admin false, inherit false, set true`);
  }
}

async function refuseNewer(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: number | null }>("select max(version) as version from tenancy.version");
  if ((rows[0]?.version ?? 0) > ORGANIZATIONS_VERSION) {
    throw new OrganizationError("not_configured", {
      message: "A newer version of schema tenancy is installed.",
      next: "Use the newer version of @rehome/tenancy.",
    });
  }
}

interface ColumnTypes {
  membershipStatus: string;
  organizationType: string;
  organizationTier: string;
  invitationStatus: string;
}

/** The product may have made enums of them. */
async function columnTypes(client: ClientBase, relations: OrganizationRelations): Promise<ColumnTypes> {
  const type = async (relation: string, column: string): Promise<string> => {
    const { rows } = await client.query<{ type: string }>(
      `select case when n.nspname = 'pg_catalog' then format_type(t.oid, null) else format('%I.%I', n.nspname, t.typname) end as type
         from pg_attribute a join pg_type t on t.oid = a.atttypid join pg_namespace n on n.oid = t.typnamespace
        where a.attrelid = to_regclass($1) and a.attname = $2 and not a.attisdropped`,
      [quoteRelation(relation), column],
    );
    return rows[0]?.type ?? "text";
  };
  return {
    membershipStatus: await type(relations.memberships, "status"),
    organizationType: await type(relations.organizations, "type"),
    organizationTier: await type(relations.organizations, "tier"),
    invitationStatus: await type(relations.invitations, "status"),
  };
}

/** Reads one file of this folder's sql. Only installing reads files: what an application bundles does not come here. */
function tenancySql(file: (typeof FILES)[number], relations: OrganizationRelations, types: ColumnTypes): string {
  return readFileSync(new URL(`./sql/${file}.sql`, import.meta.url), "utf8")
    .replaceAll(/\bpublic\.(organizations|memberships|users|invitations|guests)\b/g, (_, name: keyof OrganizationRelations) =>
      quoteRelation(relations[name]),
    )
    .replaceAll("::text /*membership status*/", `::${types.membershipStatus}`)
    .replaceAll("::text /*organization type*/", `::${types.organizationType}`)
    .replaceAll("::text /*organization tier*/", `::${types.organizationTier}`)
    .replaceAll("::text /*invitation status*/", `::${types.invitationStatus}`);
}
