import { TenancyError, toTenancyError } from "../errors.ts";
import { waitFor } from "./nesting.ts";
import { ROLLBACK } from "./opening.ts";
import { type TenancyClient, type TenancyPool, type Wire, wireOf } from "./wire.ts";

/** A connection of the pool for one transaction. */
export interface Lease {
  pool: TenancyPool;
  wire: Wire;
  /** @param healthy false throws the connection away */
  giveBack(healthy: boolean): void;
}

/** Gives connections of a pool, and none of a login that could bypass the policies or that would speak to another guard than ours. */
export type Lend = () => Promise<Lease>;

/**
 * @param advice which login it should be, for the error
 * @param guardSchema where the guard must be; undefined where no token is sent
 * @throws (of the result) TenancyError unreachable; forbidden for a login that is too mighty; install_refused where the schema holds no guard of
 * ours. Both are asked once, at the first use.
 */
export function lender(pool: TenancyPool, advice: string, guardSchema?: string): Lend {
  // An idle connection that breaks is replaced by the pool; without a listener its error event would end the process.
  if (pool.listenerCount("error") === 0) pool.on("error", ignore);
  let safe = false;
  return async () => {
    const lease = await connect(pool);
    if (safe) return lease;
    try {
      await refuseUnsafe(lease.wire, advice, guardSchema);
      safe = true;
      return lease;
    } catch (error) {
      lease.giveBack(false);
      throw error;
    }
  };
}

async function connect(pool: TenancyPool): Promise<Lease> {
  let client: TenancyClient & Emitter;
  try {
    client = (await waitFor(pool, () => pool.connect())) as TenancyClient & Emitter;
  } catch (error) {
    throw toTenancyError(error);
  }
  client.on("error", ignore); // a connection lost between two statements shows in the next one
  return {
    pool,
    wire: wireOf(client),
    giveBack(healthy) {
      client.off("error", ignore);
      client.release(!healthy);
    },
  };
}

interface Emitter {
  on(event: "error", listener: () => void): unknown;
  off(event: "error", listener: () => void): unknown;
}

/**
 * SET LOCAL ROLE protects only as far as RESET ROLE leads nowhere. And a token goes to nobody but our guard: schema `auth` may belong to a service
 * or an extension whose functions have the same names (pg_session_jwt's have).
 */
async function refuseUnsafe(wire: Wire, advice: string, guardSchema: string | undefined): Promise<void> {
  const clean = wire.status() === "I" ? [] : [ROLLBACK];
  const { failure, result } = await wire.fly([...clean, { text: UNSAFE, values: [guardSchema ?? null] }]);
  if (failure !== undefined) throw toTenancyError(failure);
  const { mighty, guarded, checks } = (result.rows[0] ?? {}) as { mighty?: boolean; guarded?: boolean; checks?: boolean };
  if (mighty !== false)
    throw new TenancyError(
      "forbidden",
      {},
      { message: "The pool logs in as a role that can bypass the policies.", next: `Connect as ${advice} (see installRoles).` },
    );
  if (guarded !== true)
    throw new TenancyError(
      "install_refused",
      {},
      {
        message: `Schema ${guardSchema} of this database holds no guard of this package; no token was sent.`,
        next: "Give createTenancy `guardSchema`, the schema that installGuard was given; or call installGuard.",
      },
    );
  if (checks !== true)
    throw new TenancyError(
      "install_refused",
      {},
      { message: `The guard in schema ${guardSchema} is older than this client; no token was sent.`, next: "Call installGuard again." },
    );
}

const UNSAFE = `
select r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolreplication
    or exists (select from pg_catalog.pg_roles o where pg_catalog.pg_has_role(session_user, o.oid, 'MEMBER')
                and (o.rolsuper or o.rolbypassrls or o.rolname in ('rehome_owner', 'rehome_guard', 'rehome_keys',
                  'pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')))
    or exists (select from pg_catalog.pg_class c where c.relrowsecurity and pg_catalog.pg_has_role(session_user, c.relowner, 'MEMBER')) as mighty,
       $1::text is null or exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
         where n.nspname = $1 and p.proname = 'jwt_session_init' and pg_catalog.pg_get_userbyid(n.nspowner) = 'rehome_owner'
           and pg_catalog.pg_get_userbyid(p.proowner) = 'rehome_guard') as guarded,
       $1::text is null or exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
         where n.nspname = $1 and p.proname = 'check_identity') as checks
  from pg_catalog.pg_roles r where r.rolname = session_user`;

function ignore(): void {}
