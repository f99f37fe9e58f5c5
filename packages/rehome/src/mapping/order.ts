import type { TableMapping } from "../config/mapping.ts";
import { MoveError } from "../errors.ts";

/**
 * Legacy tables in an order in which parents come before children; among equals as declared.
 *
 * @throws MoveError CONFIG_INVALID when references go in a circle
 */
export function inOrder(tables: Readonly<Record<string, TableMapping>>): string[] {
  const done: string[] = [];
  const open = new Set<string>();
  const visit = (name: string): void => {
    if (done.includes(name)) return;
    if (open.has(name)) {
      throw new MoveError("CONFIG_INVALID", `rehome.config.ts: the references of table ${name} go in a circle.`, {
        next: "Take one of the references out; its rows are then checked by the `rows` proof only.",
      });
    }
    open.add(name);
    for (const parent of Object.values(tables[name]?.references ?? {})) if (parent !== name && tables[parent]) visit(parent);
    open.delete(name);
    done.push(name);
  };
  for (const name of Object.keys(tables)) visit(name);
  return done;
}
