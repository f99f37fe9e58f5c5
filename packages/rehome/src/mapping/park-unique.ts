import type { Table } from "../postgres/catalog.ts";
import { id } from "../postgres/identifier.ts";

/**
 * Statements that set aside unique values which the staged rows are about to change, so that rows may exchange them: an upsert goes row by row
 * and would meet the other row's old value.
 *
 * A value that may be null is set to null, a text to one that nobody has; a key of neither kind is left alone.
 *
 * @param table the table that is written
 * @param stage the staged rows
 * @param stageKey the stage's column that equals the table's key
 * @param stageColumn the stage's column that holds a column's new value, where it is known
 */
export function parkUnique(table: Table, stage: string, stageKey: string, stageColumn: (column: string) => string | undefined): string[] {
  const key = table.primaryKey[0] as string;
  return table.uniqueKeys.flatMap((columns) => {
    const candidates = table.columns.filter((column) => columns.includes(column.name) && stageColumn(column.name) !== undefined);
    const parked = candidates.find((column) => !column.notNull) ?? candidates.find((column) => column.type === "text");
    if (!parked) return [];
    const incoming = `s.${id(stageColumn(parked.name) as string)}`;
    const aside = parked.notNull ? `'rehome ' || t.${id(key)}::text` : "null";
    return [
      `update public.${id(table.name)} t set ${id(parked.name)} = ${aside} from ${stage} s
        where s.${id(stageKey)} = t.${id(key)} and t.${id(parked.name)} is distinct from ${incoming}`,
    ];
  });
}
