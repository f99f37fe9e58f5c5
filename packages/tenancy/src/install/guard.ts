import type { ClientBase } from "pg";
import { claimSchema } from "./claim.ts";
import { harden } from "./harden.ts";
import { installing } from "./installing.ts";
import { giveMirrorAccess } from "./mirror.ts";
import { retryClashes } from "./retry.ts";
import { checkSchema, DEFAULT_MIRROR, DEFAULT_SCHEMA, GUARD_FILES, guardSql, inSchema, relationParts, tablesSql } from "./sql-text.ts";
import { refuseUtility } from "./utility.ts";

/** The version of the guard that this package installs. */
export const GUARD_VERSION = 4;

export interface GuardOptions {
  /** `schema.table` of the product's memberships: org_id, workos_user_id, role_slug, permissions text[], status. Default public.memberships. */
  mirror?: string;
  /**
   * Where the guard lives; default `auth`. Another name where `auth` belongs to somebody else (Neon's pg_session_jwt, Supabase). Policies then
   * call `<schema>.org_id()`, and every other function of this package that touches the guard takes the same option.
   */
  schema?: string;
  /**
   * Takes the mark LEAKPROOF from ordering comparisons, in this database: Postgres then asks the policies before a caller's `starts_at >= …`, so that
   * nobody reads hidden values by comparing. Needs a superuser. Ranges that callers ask for are no index conditions any more on guarded tables; what
   * that costs is in docs/security.md. Left out or false: as it is. A dump, a restore and a new database do not keep it; `doctor` says so.
   */
  harden?: boolean;
}

export interface InstalledGuard {
  version: number;
  /** The version found; 0 when there was none. */
  upgradedFrom: number;
  /** False while the mirror does not exist: nobody has rows. Run again after the product's migration, or put `mirrorAccess` into it. */
  mirrorReady: boolean;
  /** False where the caller may make no event trigger: SQL of the product can then make others wait; docs/security.md. */
  utilityRefused: boolean;
  /** Ordering comparisons run behind the policies; see `harden`. */
  hardened: boolean;
}

/**
 * Installs, upgrades or renews the guard. One transaction; may be run again and from several connections at once. Needs installRoles first,
 * and the same rights. The mirror may come later: policies of product tables need `auth.org_id()`, so the guard usually comes first.
 *
 * An upgrade keeps issuers, keys and revoked sessions. Identities bound before it are lost, in open transactions too: such a transaction sees
 * what anonymous sees. It may wait for transactions that have read the guard's tables.
 *
 * @throws TenancyError install_refused when the server is older than 16, the schema belongs to somebody else, its version is newer, or the caller
 * lacks a right, for `harden` that of a superuser
 */
export async function installGuard(client: ClientBase, options: GuardOptions = {}): Promise<InstalledGuard> {
  const names = { mirror: options.mirror ?? DEFAULT_MIRROR, schema: options.schema ?? DEFAULT_SCHEMA };
  relationParts(names.mirror);
  checkSchema(names.schema);
  const install = async (): Promise<InstalledGuard> => {
    await client.query("begin isolation level read committed read write");
    try {
      const found = await claimSchema(client, names.schema, GUARD_VERSION);
      for (let version = found + 1; version <= GUARD_VERSION; version++) {
        await client.query(tablesSql(version, names));
        await client.query(inSchema("insert into auth.version (version) values ($1)", names.schema), [version]);
      }
      for (const name of GUARD_FILES) await client.query(guardSql(name, names));
      await client.query("set local role none");
      const utilityRefused = await refuseUtility(client, names);
      const hardened = await harden(client, names, options.harden ?? false);
      const mirrorReady = await giveMirrorAccess(client, names.mirror);
      await client.query("commit");
      return { version: GUARD_VERSION, upgradedFrom: found, mirrorReady, utilityRefused, hardened };
    } catch (error) {
      await client.query("rollback");
      throw error;
    }
  };
  return await installing("installGuard", () => retryClashes(install));
}
