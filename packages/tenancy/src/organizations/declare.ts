import type { ClientBase } from "pg";
import { featureRows } from "./define.ts";
import type { InstallOrganizations } from "./install.ts";

/**
 * Writes the declaration into the rows that the SQL reads; what is no longer declared is gone.
 *
 * @returns whether permissions or roles changed, so that the mirror's expanded permissions are stale
 */
export async function declare(client: ClientBase, options: InstallOrganizations): Promise<boolean> {
  const {
    definition,
    columns = {},
    schemas = ["public"],
    archive = {},
    release = {},
    erase = {},
    eventsKeep = "7 years",
    productOwnsNames = false,
  } = options;
  await client.query("insert into tenancy.lock default values on conflict do nothing");
  await client.query("select from tenancy.lock for update");
  await client.query(DRAW_KEY);
  await client.query(
    `insert into tenancy.config (owner_role, former_role, default_type, product_names, events_keep) values ($1, $2, $3, $4, $5)
       on conflict (one) do update set owner_role = excluded.owner_role, former_role = excluded.former_role,
         default_type = excluded.default_type, product_names = excluded.product_names, events_keep = excluded.events_keep`,
    [definition.ownerRole, definition.formerOwnerRole, definition.defaultType ?? null, productOwnsNames, eventsKeep],
  );
  await replace(
    client,
    "organization_type",
    "type text, solo boolean, personal boolean, tiers text[], becomes text[]",
    Object.entries(definition.types).map(([type, { members, personal = false, tiers, becomes = [] }]) => ({
      type,
      solo: members === "one",
      personal,
      tiers,
      becomes,
    })),
  );
  await replace(client, "feature", "type text, tier text, feature text", featureRows(definition));
  await replace(client, "organization_column", "name text, party boolean", [
    { name: columns.owner ?? "org_id", party: false },
    ...(columns.party ?? []).map((name) => ({ name, party: true })),
  ]);
  await replace(
    client,
    "product_schema",
    "name text",
    schemas.map((name) => ({ name })),
  );
  await replace(
    client,
    "archive_rule",
    "rel text, keep interval, columns text[]",
    Object.entries(archive).map(([rel, { keep, columns: kept = null }]) => ({ rel, keep, columns: kept })),
  );
  await replace(
    client,
    "release_rule",
    "rel text, name text, blank jsonb",
    Object.entries(release).flatMap(([rel, byColumn]) => Object.entries(byColumn).map(([name, blank]) => ({ rel, name, blank }))),
  );
  await replace(
    client,
    "erase_rule",
    "rel text, name text",
    Object.entries(erase).flatMap(([rel, names]) => names.map((name) => ({ rel, name }))),
  );
  return await declareRoles(client, definition);
}

// Three random UUIDs are 366 bits of Postgres's strong source. HMAC's blocks are 64 bytes: the key, then zeros, each XOR 0x36 and 0x5c.
const DRAW_KEY = `
with drawn as materialized (
  select sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')) as key
)
insert into tenancy.address_key (inner_pad, outer_pad)
  select (select string_agg(set_byte('\\x00', 0, get_byte(d.key, i) # 54), '' order by i) from generate_series(0, 31) i) || decode(repeat('36', 32), 'hex'),
         (select string_agg(set_byte('\\x00', 0, get_byte(d.key, i) # 92), '' order by i) from generate_series(0, 31) i) || decode(repeat('5c', 32), 'hex')
    from drawn d on conflict do nothing`;

/** Deletes what is not among the rows, inserts what is missing: a second run writes nothing. */
async function replace(client: ClientBase, table: string, shape: string, rows: readonly object[]): Promise<void> {
  const wanted = `select * from jsonb_to_recordset($1::jsonb) as r (${shape})`;
  await client.query(`delete from tenancy.${table} t where to_jsonb(t) not in (select to_jsonb(w) from (${wanted}) w)`, [
    JSON.stringify(rows),
  ]);
  await client.query(`insert into tenancy.${table} (${shape.replaceAll(/ \S+(?=,|$)/g, "")}) ${wanted} on conflict do nothing`, [
    JSON.stringify(rows),
  ]);
}

async function declareRoles(client: ClientBase, { permissions, roles }: InstallOrganizations["definition"]): Promise<boolean> {
  const state = async () =>
    (
      await client.query<{ state: string }>(
        `select md5((select coalesce(string_agg(p::text, '|' order by p.slug), '') from tenancy.permission p)
                 || (select coalesce(string_agg(r::text, '|' order by r.org_id, r.slug), '') from tenancy.role r)) as state`,
      )
    ).rows[0]?.state;
  const before = await state();
  await client.query("delete from tenancy.permission where declared and not slug = any ($1)", [permissions]);
  await client.query(
    "insert into tenancy.permission (slug, declared) select s, true from unnest($1::text[]) s on conflict (slug) do update set declared = true where not permission.declared",
    [permissions],
  );
  await client.query("delete from tenancy.role where declared and not slug = any ($1)", [Object.keys(roles)]);
  await client.query(
    `insert into tenancy.role as r (org_id, slug, patterns, declared)
       select '', w.slug, w.patterns, true from jsonb_to_recordset($1::jsonb) as w (slug text, patterns text[])
       on conflict (org_id, slug) do update set patterns = excluded.patterns, declared = true
         where (r.patterns, r.declared) is distinct from (excluded.patterns, true)`,
    [JSON.stringify(Object.entries(roles).map(([slug, patterns]) => ({ slug, patterns })))],
  );
  return (await state()) !== before;
}
