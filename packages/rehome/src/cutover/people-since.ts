import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { readLegacyUsers } from "../legacy/read-users.ts";
import { decide } from "../plan/dispositions.ts";
import { query } from "../postgres/query.ts";
import { changedAtClerk } from "../users/clerk-print.ts";
import type { GateCheck } from "./gate.ts";

/**
 * Asks Clerk once more, right before the cutover: whoever signed up, was banned or deleted, or changed anything that the move takes along (address,
 * password, names, second factor) since `rehome users` would be left out, or taken along as they were; whoever became an expert would have no practice.
 * Writes nothing.
 */
export async function checkPeopleSince(client: ClientBase, config: MoveConfig): Promise<GateCheck> {
  const people = await readLegacyUsers(config.legacy.clerk);
  const now = decide(people, config.users);
  const rows = await query<{ id: string; disposition: string; lacks: boolean | null }>(
    client,
    "read the dispositions",
    `select legacy_user_id as id, d.disposition, i.moved and i.workos_practice_id is null as lacks
       from rehome.disposition d left join rehome.identity i using (legacy_user_id)`,
  );
  const decided = new Map(rows.map((row) => [row.id, row]));
  const dueAPractice = new Set(people.filter((user) => config.users.organizations.practice(user)).map(({ id }) => id));
  const otherwise = now
    .filter(({ legacyUserId: id, disposition }) => {
      const known = decided.get(id);
      return known?.disposition !== disposition || (known.lacks === true && dueAPractice.has(id));
    })
    .map((decision) => decision.legacyUserId);
  const changed = [...new Set([...otherwise, ...(await changedAtClerk(client, people))])];
  return {
    name: "people as decided",
    ok: changed.length === 0,
    figure:
      changed.length === 0
        ? `${now.length} people, none changed since`
        : `${changed.length} signed up or changed since \`rehome users\` (${changed.slice(0, 5).join(", ")}): run \`rehome run\` again`,
  };
}
