import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import { addressKey } from "../legacy/address.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { readOrganizationMembers } from "../legacy/clerk/read-organization.ts";
import { accessOf } from "../legacy/read-users.ts";

/**
 * Legacy ids of a few people who move before all others.
 *
 * @param names legacy user ids, e-mail addresses, or ids of organizations of Clerk (`org_…`: all members)
 * @throws MoveError PHASE_REFUSED naming what fits nobody; CONFIG_INVALID for an organization where the exports alone speak
 */
export async function cohortOf(
  names: readonly string[],
  people: readonly LegacyUser[],
  clerk: MoveConfig["legacy"]["clerk"],
): Promise<string[]> {
  const byId = new Map(people.map((user) => [user.id, user.id]));
  const byAddress = new Map(
    people.flatMap((user) => (user.primaryAddress ? [[addressKey(user.primaryAddress.address), user.id] as const] : [])),
  );
  const access = accessOf(clerk);
  const found = new Set<string>();
  const unknown: string[] = [];
  for (const name of names) {
    const isOrganization = name.startsWith("org_");
    if (isOrganization && !access) {
      throw new MoveError(
        "CONFIG_INVALID",
        `--only names ${name}, and rehome.config.ts names no legacy.clerk.secretKey to ask who is in it.`,
        {
          next: "Set legacy.clerk.secretKey, or name people by id or address. Nothing was changed.",
        },
      );
    }
    const members =
      isOrganization && access ? await readOrganizationMembers(access, name) : [byId.get(name) ?? byAddress.get(addressKey(name))];
    const known = members.filter((id) => id !== undefined && byId.has(id)) as string[];
    if (known.length === 0) unknown.push(name.includes("@") ? "an address" : name);
    for (const id of known) found.add(id);
  }
  if (unknown.length > 0) {
    throw new MoveError("PHASE_REFUSED", `--only names nobody whom Clerk knows: ${[...new Set(unknown)].join(", ")}.`, {
      next: "Name legacy user ids, primary addresses or organizations of Clerk as they are there. Nothing was changed.",
    });
  }
  return [...found];
}
