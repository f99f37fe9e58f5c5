import type { ClientBase } from "pg";
import { TenancyError } from "../errors.ts";
import { giveMirrorAccess } from "./mirror.ts";
import { retryClashes } from "./retry.ts";
import { DEFAULT_MIRROR, GUARD_FILES, guardSql, relationParts } from "./sql-text.ts";

/** The version of schema auth that this package installs. */
export const GUARD_VERSION = 1;

export interface GuardOptions {
  /** `schema.table` of the product's memberships: org_id, workos_user_id, role_slug, permissions text[], status. Default public.memberships. */
  mirror?: string;
}

export interface InstalledGuard {
  version: number;
  /** False while the mirror does not exist: nobody has rows. Run again after the product's migration, or put `mirrorAccess` into it. */
  mirrorReady: boolean;
}

/**
 * Installs or renews schema `auth`. One transaction; may be run again and from several connections at once. Needs installRoles first, and the
 * same rights. The mirror may come later: policies of product tables need `auth.org_id()`, so the guard usually comes first.
 *
 * @throws TenancyError install_refused when the server is older than 16, schema auth belongs to somebody else, or its version is newer
 */
export async function installGuard(client: ClientBase, options: GuardOptions = {}): Promise<InstalledGuard> {
  const mirror = options.mirror ?? DEFAULT_MIRROR;
  relationParts(mirror);
  return await retryClashes(async () => {
    await client.query("begin isolation level read committed read write");
    try {
      await claimSchema(client);
      for (const name of GUARD_FILES) await client.query(guardSql(name, mirror));
      await client.query("insert into auth.version (version) values ($1) on conflict do nothing", [GUARD_VERSION]);
      await client.query("set local role none");
      const mirrorReady = await giveMirrorAccess(client, mirror);
      await client.query("commit");
      return { version: GUARD_VERSION, mirrorReady };
    } catch (error) {
      await client.query("rollback");
      throw error;
    }
  });
}

/** Makes schema auth ours, or finds that it is; holds auth.version against other installers until the transaction ends. */
async function claimSchema(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{
    recent: boolean;
    owner: string | null;
    ours: boolean;
    empty: boolean;
    roles: number;
  }>(
    `select current_setting('server_version_num')::int >= 160000 as recent,
            (select nspowner::regrole::text from pg_namespace where nspname = 'auth') as owner,
            to_regclass('auth.version') is not null as ours,
            not exists (select from pg_proc where pronamespace = to_regnamespace('auth')) and not exists (select from pg_class where relnamespace = to_regnamespace('auth')) as empty,
            (select count(*)::int from pg_roles where rolname in ('rehome_owner', 'rehome_guard', 'rehome_keys', 'authenticated', 'anonymous')) as roles`,
  );
  const found = rows[0];
  if (!found?.recent) throw refused("The server is older than Postgres 16.", "Upgrade it: the guard reads keys with syntax of 16.");
  if (found.roles < 5) throw refused("The roles of the guard are missing.", "Call installRoles first.");
  if (found.owner !== null && (found.owner !== "rehome_owner" || !(found.ours || found.empty))) {
    throw refused(
      "Schema auth holds something else (pg_session_jwt, or another product's).",
      "Remove it, or use a database of its own: the guard's functions need these names.",
    );
  }
  if (found.owner === null) await client.query("create schema auth authorization rehome_owner");
  await client.query("set local role rehome_owner");
  await client.query(
    "create table if not exists auth.version (version int primary key, installed_at timestamptz not null default clock_timestamp())",
  );
  await client.query("lock table auth.version in exclusive mode");
  const { rows: versions } = await client.query<{ version: number | null }>("select max(version) as version from auth.version");
  if ((versions[0]?.version ?? 0) > GUARD_VERSION)
    throw refused("A newer guard is installed.", "Use the newer version of @rehome/tenancy.");
}

function refused(message: string, next: string): TenancyError {
  return new TenancyError("install_refused", {}, { message, next });
}
