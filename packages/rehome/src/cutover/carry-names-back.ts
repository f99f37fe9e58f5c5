import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { holdEpoch } from "../ledger/ledger.ts";
import { id } from "../postgres/identifier.ts";
import { query, transaction } from "../postgres/query.ts";
import { clerkFailed, isRefusalOfOne, openClerk } from "./clerk.ts";
import { peopleTable } from "./people-table.ts";

interface Changed {
  [name: string]: unknown;
  legacyUserId: string;
  firstName: string | null;
  lastName: string | null;
  country: string | null;
}

/**
 * Tells Clerk the names and the country that people changed on the target: on legacy, Clerk is where these live.
 *
 * A changed picture is not carried (Clerk takes files, not addresses). Running again tells nothing twice: the identity map remembers what Clerk has.
 *
 * Somebody whose new name Clerk does not accept is passed over and counted as refused.
 *
 * @returns how many people were changed at Clerk, and legacy ids of those it refused
 */
export async function carryNamesBack(
  config: MoveConfig,
  target: ClientBase,
  epoch: string,
): Promise<{ people: number; refused: string[] }> {
  const refused: string[] = [];
  const changed = await readChanged(config, target);
  if (changed.length === 0) return { people: 0, refused: [] };
  const clerk = openClerk(config.legacy.clerk);
  for (const person of changed) {
    try {
      // The API takes null and clears the name; the SDK's type leaves that out.
      const names = { firstName: person.firstName, lastName: person.lastName } as { firstName: string; lastName: string };
      await clerk.users.updateUser(person.legacyUserId, names);
      await clerk.users.updateUserMetadata(person.legacyUserId, { publicMetadata: { country: person.country } });
    } catch (error) {
      if (!isRefusalOfOne(error)) throw clerkFailed(error, `change the names of ${person.legacyUserId}`);
      refused.push(person.legacyUserId);
      continue;
    }
    await transaction(target, async () => {
      await holdEpoch(target, epoch);
      await query(
        target,
        "note the names that Clerk has now",
        "update rehome.identity set first_name = $2, last_name = $3, country = $4 where legacy_user_id = $1",
        [person.legacyUserId, person.firstName, person.lastName, person.country],
      );
    });
  }
  return { people: changed.length - refused.length, refused };
}

/** Legacy ids of people whose changed names Clerk does not have yet. Asks the target only. */
export async function namesLeft(config: MoveConfig, target: ClientBase): Promise<string[]> {
  return (await readChanged(config, target)).map((person) => person.legacyUserId);
}

async function readChanged(config: MoveConfig, target: ClientBase): Promise<Changed[]> {
  const table = peopleTable(config);
  const [first, last, country] = [table?.columnOf("first_name"), table?.columnOf("last_name"), table?.columnOf("country")];
  if (!table || !first || !last || !country) return [];
  return query<Changed>(
    target,
    "find people who changed their names on the target",
    `select i.legacy_user_id as "legacyUserId", t.${id(first)} as "firstName", t.${id(last)} as "lastName", t.${id(country)} as country
       from public.${id(table.name)} t join rehome.identity i on i.workos_user_id = t.${id(table.userColumn)}
      where (t.${id(first)}, t.${id(last)}) is distinct from (i.first_name, i.last_name)
         or (t.${id(country)} is distinct from i.country and t.${id(country)} is distinct from t.${id(legacyCountryColumn(config, country))})`,
  );
}

/** Where Clerk had no country, the move filled it from legacy's own column: that is no change. */
function legacyCountryColumn(config: MoveConfig, otherwise: string): string {
  for (const mapping of Object.values(config.tables)) {
    const [, sources] = Object.entries(mapping.into)[0] ?? [];
    const first = Object.values(sources ?? {}).find((source) => source.kind === "personFirst" && source.field === "country");
    if (!mapping.everyPerson || first?.kind !== "personFirst") continue;
    const kept = Object.entries(sources ?? {}).find(([, source]) => source.kind === "same" && source.column === first.column)?.[0];
    return kept ?? otherwise;
  }
  return otherwise;
}
