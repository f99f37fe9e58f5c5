import { mayRead, type Target } from "./probe.ts";
import type { Outcome } from "./session.ts";

const SHORTEST = 5;

/** Values of rows that a persona may not see and that neither a row it may see nor a column's default holds, too. */
export function hiddenValues(targets: readonly Target[]): Set<string> {
  const hidden = new Set<string>();
  const shown = new Set<string>();
  for (const target of targets) {
    const texts = new Set(target.table.columns.filter(({ labels }) => labels.length === 0).map(({ name }) => name));
    for (const row of target.world.rows[target.table.name] ?? []) {
      const readable = mayRead(target, row);
      for (const [name, value] of Object.entries(row)) {
        if (typeof value !== "string" || value.length < SHORTEST) continue;
        if (readable) shown.add(value);
        else if (texts.has(name)) hidden.add(value);
      }
    }
  }
  const defaults = targets.flatMap(({ table }) => table.columns.map((column) => column.default ?? "")).join("\n");
  for (const value of hidden) if (shown.has(value) || defaults.includes(value)) hidden.delete(value);
  return hidden;
}

/** Whether the server quoted a value that the persona may not see and did not send itself. */
export function quotesHidden({ said }: Outcome, sql: string, hidden: ReadonlySet<string>): boolean {
  // Postgres quotes a value as "x", as (x) or in a list: a part of a table's name is none.
  for (const [quoted] of said.matchAll(/(?<=["(,] ?)[^"(),|]+(?=[",)])/g)) {
    const value = quoted.trim();
    if (hidden.has(value) && !sql.includes(value)) return true;
  }
  return false;
}

/** Whether rows that came back hold such a value. */
export function showsHidden({ answer }: Outcome, sql: string, hidden: ReadonlySet<string>): boolean {
  let found = false;
  JSON.parse(answer ?? "null", (_, value: unknown) => {
    if (typeof value === "string" && hidden.has(value) && !sql.includes(value)) found = true;
    return value;
  });
  return found;
}
