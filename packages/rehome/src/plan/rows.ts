import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import type { TableMapping } from "../config/mapping.ts";
import { inOrder } from "../mapping/order.ts";
import type { Catalog } from "../postgres/catalog.ts";
import { id, quote } from "../postgres/identifier.ts";
import { query } from "../postgres/query.ts";
import { type FoundTable, shownName } from "../postgres/tables.ts";
import type { Decision } from "./dispositions.ts";

/** What happens to the rows of one legacy table. */
export interface TablePlan {
  table: string;
  rows: number;
  /** Rows that stay, by reason. */
  stays: Record<string, number>;
}

/**
 * Counts, for every legacy table, which rows move and which stay and why. Reads only; nothing is created on legacy.
 *
 * The verdict of a row is the same as in the copy: the owner first, then the rows it must reference.
 */
export async function planRows(
  legacy: ClientBase,
  catalog: Catalog,
  config: MoveConfig,
  decisions: Iterable<Decision>,
): Promise<TablePlan[]> {
  // One letter a person: of those who move the row needs to know no more.
  let [ids, letters] = ["", ""];
  for (const { legacyUserId, disposition } of decisions) {
    ids += `${legacyUserId}\n`;
    letters += disposition === "hold" ? "h" : disposition === "exclude" ? "x" : "m";
  }
  const plans: TablePlan[] = [];
  const verdicts: string[] = [
    `people as materialized (
      select id, d from unnest(string_to_array(rtrim($1, E'\\n'), E'\\n'), string_to_array($2, null)) p(id, d))`,
  ];
  for (const name of inOrder(config.tables)) {
    const key = id(catalog.get(name)?.primaryKey[0] ?? "");
    verdicts.push(`${id(`v_${name}`)} as materialized (${verdict(name, config.tables[name] as TableMapping, key, catalog)})`);
  }
  const counts = inOrder(config.tables).map(
    (name) => `select ${quote(name)} as tbl, reason, count(*)::int as n from ${id(`v_${name}`)} group by reason`,
  );
  const rows = await query<{ tbl: string; reason: string | null; n: number }>(
    legacy,
    "count the rows that move",
    `with ${verdicts.join(",\n")}\n${counts.join("\nunion all\n")}`,
    [ids, letters],
  );
  for (const name of catalog.keys()) {
    if (config.stays[name] && !config.tables[name]) {
      const [row] = await query<{ n: number }>(legacy, `count ${name}`, `select count(*)::int as n from public.${id(name)}`);
      plans.push({ table: name, rows: row?.n ?? 0, stays: { [config.stays[name]]: row?.n ?? 0 } });
      continue;
    }
    const mine = rows.filter((row) => row.tbl === name);
    const stays = Object.fromEntries(mine.filter((row) => row.reason !== null).map((row) => [row.reason, row.n]));
    plans.push({ table: name, rows: mine.reduce((sum, row) => sum + row.n, 0), stays });
  }
  return plans;
}

/** Tables of other schemas, which stay for the reason that is given. Of one that the role may not read no rows are counted. */
export async function planElsewhere(legacy: ClientBase, config: MoveConfig, found: readonly FoundTable[]): Promise<TablePlan[]> {
  const plans: TablePlan[] = [];
  for (const table of found.filter(({ schema }) => schema !== "public")) {
    const name = shownName(table);
    const [row] = table.readable
      ? await query<{ n: number }>(legacy, `count ${name}`, `select count(*)::int as n from ${id(table.schema)}.${id(table.name)}`)
      : [];
    plans.push({ table: name, rows: row?.n ?? 0, stays: { [config.stays[name] ?? ""]: row?.n ?? 0 } });
  }
  return plans;
}

function verdict(name: string, mapping: TableMapping, key: string, catalog: Catalog): string {
  const joins: string[] = [];
  const cases: string[] = [];
  const { owner } = mapping;
  if (owner.kind === "user") {
    joins.push(`left join people p on p.id = s.${id(owner.column)}`);
    cases.push("when p.d is null then 'owner_unknown'", "when p.d = 'h' then 'owner_held'", "when p.d = 'x' then 'owner_excluded'");
  }
  Object.entries(mapping.references ?? {}).forEach(([column, parent], index) => {
    const parentKey = id("key");
    joins.push(`left join ${id(`v_${parent}`)} r${index} on r${index}.${parentKey} = s.${id(column)}::text`);
    cases.push(
      `when r${index}.reason is not null then ${owner.kind === "through" && owner.column === column ? `r${index}.reason` : "'parent_left_behind'"}`,
    );
  });
  const reason = cases.length > 0 ? `case ${cases.join(" ")} end` : "null::text";
  return `select s.${key}::text as key, ${reason} as reason from public.${id(catalog.get(name)?.name ?? name)} s ${joins.join(" ")}`;
}
