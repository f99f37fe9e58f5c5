import type { ClientBase } from "pg";

/**
 * Runs catalog queries with settings that nobody else chose, and puts the old ones back: names mean Postgres's own objects (the linter usually
 * runs as a superuser, and a product's schema may hold traps), and no query is compiled, which would cost more than all of them.
 */
export async function withOwnSettings<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  const { rows } = await client.query<{ path: string; jit: string }>(
    "select current_setting('search_path') as path, current_setting('jit') as jit, set_config('search_path', 'pg_catalog, pg_temp', false), set_config('jit', 'off', false)",
  );
  const before = rows[0];
  try {
    return await work();
  } finally {
    // In a transaction that failed this fails too; its rollback then restores both.
    await client
      .query("select pg_catalog.set_config('search_path', $1, false), pg_catalog.set_config('jit', $2, false)", [before?.path, before?.jit])
      .catch(() => {});
  }
}
