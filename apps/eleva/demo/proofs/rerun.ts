import type pg from "pg";
import { judge, type Proof } from "rehome";

const WRITES = "writes at WorkOS";
const EMPTY = "0 0";

/** What must not change when everything is run again: contents of every table of the target, and every account at WorkOS. */
export type Fingerprint = ReadonlyMap<string, string>;

/**
 * A checksum of each product table, of the identity map and of what stays behind; and how many requests WorkOS has seen that create or change
 * something.
 *
 * @param writesAtWorkos counted by the twin, not by the mover
 */
export async function fingerprint(target: pg.Client, writesAtWorkos: number): Promise<Fingerprint> {
  const { rows: tables } = await target.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and (n.nspname = 'public' or format('%I.%I', n.nspname, c.relname) in ('rehome.identity', 'rehome.address', 'rehome.guest', 'rehome.disposition', 'rehome.left_behind'))
      order by 1`,
  );
  const sums = new Map<string, string>();
  for (const { name } of tables) {
    const { rows } = await target.query<{ sum: string }>(
      `select count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) as sum from ${name} t`,
    );
    sums.set(name, rows[0]?.sum ?? "");
  }
  return sums.set(WRITES, String(writesAtWorkos));
}

/** Proves that a second run changed and created nothing. */
export function proveRerun(before: Fingerprint, after: Fingerprint): Proof {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const offenders = names.filter((name) => before.get(name) !== after.get(name)).map((name) => `${name} changed`);
  if ([...before].every(([name, sum]) => name === WRITES || sum === EMPTY)) offenders.push("the target held nothing before");
  const checked = names.filter((name) => before.has(name) && after.has(name)).length;
  return judge({
    name: "rerun",
    checked,
    expected: names.length,
    figure: `${before.size} contents compared after everything was run again: none changed`,
    offenders,
  });
}
