import type { ClientBase } from "pg";
import { escapeIdentifier } from "pg";
import { chosen, pairs } from "./comparisons.ts";
import type { Existence } from "./conflicts.ts";
import { runTries } from "./session.ts";
import type { Persona, Row, World } from "./types.ts";

type Open = <T>(persona: Persona, work: (client: ClientBase) => Promise<T>) => Promise<T>;

/**
 * What each persona sees through the views. Nobody else knows their rows: a view has none, and a superuser's look at one is its owner's. What others see
 * and a persona does not is hidden from it; comparisons with that may not be asked inside.
 */
export async function viewsSeen(
  world: World,
  personas: readonly Persona[],
  open: Open,
): Promise<{ comparisonsOf(persona: Persona): Existence[] }> {
  const rowsBy = new Map<Persona, Map<string, Row[]>>();
  const relation = (view: string) => `${escapeIdentifier(world.schema)}.${escapeIdentifier(view)}`;
  if (world.views.length > 0)
    for (const persona of personas.filter(({ kind }) => kind !== "job" && kind !== "internal")) {
      const tries = world.views.map((view) => ({
        sql: `select coalesce(json_agg(row_to_json(x)), '[]')::text from ${relation(view)} x`,
        answer: true,
      }));
      const outcomes = await open(persona, (client) => runTries(client, tries));
      const seen = world.views.flatMap((view, at): [string, Row[]][] => {
        const outcome = outcomes[at];
        return outcome?.state === null ? [[view, JSON.parse(outcome.answer ?? "[]") as Row[]]] : [];
      });
      rowsBy.set(persona, new Map(seen));
    }
  return {
    comparisonsOf(persona) {
      return [...(rowsBy.get(persona) ?? [])].flatMap(([view, mine]) => {
        const own = new Set(mine.map((row) => JSON.stringify(row)));
        const hidden = [...rowsBy.values()].flatMap((views) => views.get(view) ?? []).filter((row) => !own.has(JSON.stringify(row)));
        return (world.viewColumns[view] ?? []).flatMap((column) => {
          const found = chosen(column, [...mine, ...hidden], hidden, (row) => mine.includes(row));
          return found ? pairs({ table: view, from: relation(view), column, ...found, keys: [], closed: false }) : [];
        });
      });
    },
  };
}
