import type pg from "pg";

/** The same connection, which plans each long query once: with many faults to look at, planning is most of the doctor's time. */
export async function prepared(client: pg.Client): Promise<pg.Client> {
  await client.query("set plan_cache_mode = force_generic_plan");
  const names = new Map<string, string>();
  const query = (text: string, values?: unknown[]) => {
    if (values === undefined || text.length < 1500) return client.query(text, values);
    const name = names.get(text) ?? `prepared_${names.size}`;
    names.set(text, name);
    return client.query({ name, text, values });
  };
  return Object.create(client, { query: { value: query } }) as pg.Client;
}
