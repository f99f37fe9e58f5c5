/** One thing gone wrong in the clean schema, and exactly what the linter must say: rule, then object. */
export interface Fault {
  name: string;
  /** Run as a superuser in a savepoint; {app} and the like are names of roles. */
  sql: string;
  finds: readonly (readonly [rule: string, object: string])[];
}

/** The row is of the organization of the verified token. */
export const OWN = "org_id = (select auth.org_id())";

/** One more policy on payout. */
export const extraPolicy = (rest: string) => `create policy extra on public.payout ${rest}`;
