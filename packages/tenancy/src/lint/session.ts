import type { ClientBase } from "pg";

/** In this order: what names mean, what is compiled, and how Postgres prints identifiers and intervals. */
const OWN_SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ["search_path", "pg_catalog, pg_temp"],
  ["jit", "off"],
  ["quote_all_identifiers", "off"],
  ["intervalstyle", "postgres"],
];

/**
 * Runs catalog queries with settings that nobody else chose, and puts the old ones back: names mean Postgres's own objects (the linter usually
 * runs as a superuser, and a product's schema may hold traps), no query is compiled, which would cost more than all of them, and what
 * Postgres prints of its catalog is the same in every session.
 */
export async function withOwnSettings<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  const names = OWN_SETTINGS.map(([name]) => name);
  const read = names.map((name) => `current_setting('${name}')`).join(", ");
  const set = OWN_SETTINGS.map(([name, value]) => `set_config('${name}', '${value}', false)`).join(", ");
  const { rows } = await client.query<{ before: string[] }>(`select array[${read}] as before, ${set}`);
  try {
    return await work();
  } finally {
    // In a transaction that failed this fails too; its rollback then restores them.
    const back = names.map((name, at) => `pg_catalog.set_config('${name}', $${at + 1}, false)`).join(", ");
    await client.query(`select ${back}`, rows[0]?.before).catch(() => {});
  }
}
