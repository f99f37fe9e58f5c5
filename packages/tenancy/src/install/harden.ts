import type { ClientBase } from "pg";
import { TenancyError } from "../errors.ts";
import { type GuardNames, guardSql } from "./sql-text.ts";

/** How many functions of Postgres still run before a policy although they tell more than whether two values are equal. */
export const LEAKPROOF = `select count(*)::int from pg_proc p where p.proleakproof and p.pronamespace = 'pg_catalog'::regnamespace
  and not exists (select from pg_operator o where o.oprcode = p.oid and o.oprname in ('=', '<>'))`;

/**
 * Hardens the database if wanted, inside the open transaction.
 *
 * @returns whether it is hardened, by this call or before
 * @throws TenancyError install_refused when the caller is no superuser
 */
export async function harden(client: ClientBase, names: GuardNames, wanted: boolean): Promise<boolean> {
  const { rows } = await client.query<{ superuser: boolean; left: number }>(
    `select (select rolsuper from pg_roles where rolname = current_user) as superuser, (${LEAKPROOF}) as left`,
  );
  const [found] = rows;
  if (wanted && !found?.superuser)
    throw new TenancyError(
      "install_refused",
      {},
      {
        message: "harden needs a superuser: the functions of Postgres are its own.",
        next: "Install as one, or leave harden out (managed services have none) and declare what must not be read confidential.",
      },
    );
  if (wanted) await client.query(guardSql("harden", names));
  return wanted || found?.left === 0;
}
