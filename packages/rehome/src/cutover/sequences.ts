import type { ClientBase } from "pg";
import type { TableMapping } from "../config/mapping.ts";
import type { Catalog } from "../postgres/catalog.ts";
import { id, quote } from "../postgres/identifier.ts";
import { query } from "../postgres/query.ts";

/** A serial key on both sides. */
interface SerialPair {
  legacy: { table: string; column: string; sequence: string };
  target: { table: string; column: string; sequence: string };
}

/** The serial columns that legacy and target share, by both catalogs and the mapping. */
function serialPairs(tables: Readonly<Record<string, TableMapping>>, legacy: Catalog, target: Catalog): SerialPair[] {
  const pairs: SerialPair[] = [];
  for (const [name, mapping] of Object.entries(tables)) {
    for (const [into, sources] of Object.entries(mapping.into)) {
      for (const [column, source] of Object.entries(sources)) {
        if (source.kind !== "same") continue;
        const from = legacy.get(name)?.columns.find((candidate) => candidate.name === source.column)?.sequence;
        const to = target.get(into)?.columns.find((candidate) => candidate.name === column)?.sequence;
        if (from && to)
          pairs.push({ legacy: { table: name, column: source.column, sequence: from }, target: { table: into, column, sequence: to } });
      }
    }
  }
  return pairs;
}

/**
 * Moves the sequences of the side that is about to serve ahead of every key on both sides, rows that stayed behind included.
 *
 * @param serving which side will hand out keys from now on
 * @returns how many sequences were set
 */
export async function advanceSequences(
  legacy: ClientBase,
  target: ClientBase,
  catalogs: { legacy: Catalog; target: Catalog },
  tables: Readonly<Record<string, TableMapping>>,
  serving: "legacy" | "target",
): Promise<number> {
  const pairs = serialPairs(tables, catalogs.legacy, catalogs.target);
  for (const pair of pairs) {
    const highest = [await highestKey(legacy, pair.legacy), await highestKey(target, pair.target)].reduce((a, b) => (a > b ? a : b));
    const client = serving === "legacy" ? legacy : target;
    const { sequence } = pair[serving];
    if (highest > 0n)
      await query(client, `advance ${sequence}`, `select setval(${quote(sequence)}::regclass, $1::bigint)`, [highest.toString()]);
  }
  return pairs.length;
}

async function highestKey(client: ClientBase, serial: SerialPair["legacy"]): Promise<bigint> {
  const [row] = await query<{ highest: string }>(
    client,
    `read the highest ${serial.table}.${serial.column}`,
    `select greatest(coalesce((select max(${id(serial.column)}) from public.${id(serial.table)}), 0), coalesce(pg_sequence_last_value(${quote(serial.sequence)}::regclass), 0))::text as highest`,
  );
  return BigInt(row?.highest ?? "0");
}
