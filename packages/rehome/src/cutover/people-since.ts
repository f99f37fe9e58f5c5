import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { readLegacyUsers } from "../legacy/read-users.ts";
import { decide } from "../plan/dispositions.ts";
import { query } from "../postgres/query.ts";
import type { GateCheck } from "./gate.ts";

/**
 * Asks Clerk once more, right before the cutover: whoever signed up, was banned or changed what decides about him since `rehome users` would be
 * left out, or taken along wrongly. Writes nothing.
 */
export async function checkPeopleSince(client: ClientBase, config: MoveConfig): Promise<GateCheck> {
  const now = decide(await readLegacyUsers(config.legacy.clerk), config.users);
  const rows = await query<{ id: string; disposition: string }>(
    client,
    "read the dispositions",
    "select legacy_user_id as id, disposition from rehome.disposition",
  );
  const decided = new Map(rows.map((row) => [row.id, row.disposition]));
  const changed = now
    .filter((decision) => decided.get(decision.legacyUserId) !== decision.disposition)
    .map((decision) => decision.legacyUserId);
  return {
    name: "people as decided",
    ok: changed.length === 0,
    figure:
      changed.length === 0
        ? `${now.length} people, none changed since`
        : `${changed.length} signed up or changed since \`rehome users\` (${changed.slice(0, 5).join(", ")}): run \`rehome run\` again`,
  };
}
