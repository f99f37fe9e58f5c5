import { createHash } from "node:crypto";
import type { ClientBase } from "pg";
import { holdEpoch } from "../ledger/ledger.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { query, transaction } from "../postgres/query.ts";
import { accountPrint, passwordPrint, totpPrint, wantedOf } from "./account.ts";

/**
 * A fingerprint of everything that the move takes from Clerk for one person. When somebody was there last is not in it. A SHA-256 over fingerprints and
 * plain fields: the ledger keeps no digest, and none that WorkOS does not take goes in.
 */
export function clerkPrint(user: LegacyUser): string {
  const { username, firstName, lastName, imageUrl, primaryAddress, otherAddresses, country, securityPreferences, roles } = user;
  const { hasPassword, hasher, totpEnabled, banned, locked } = user;
  // Organizations are the mover's own; what Clerk says of them are roles.
  const wanted = wantedOf(user, { home: "", practice: null }, { ownerRole: "" }, "");
  const content = [
    [accountPrint(wanted), passwordPrint(wanted), totpPrint(wanted), hasPassword, hasher, totpEnabled, banned, locked],
    [username, firstName, lastName, imageUrl, primaryAddress, otherAddresses, country, securityPreferences, roles],
  ];
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

/** Replaces what Clerk said of everybody by what it says now. */
export async function saveClerkPrints(client: ClientBase, people: readonly LegacyUser[], epoch: string): Promise<void> {
  await transaction(client, async () => {
    await holdEpoch(client, epoch);
    await query(client, "forget what Clerk said before", "delete from rehome.clerk_print");
    await query(
      client,
      "note what Clerk says",
      "insert into rehome.clerk_print (legacy_user_id, print) select * from unnest($1::text[], $2::text[])",
      [people.map((user) => user.id), people.map(clerkPrint)],
    );
  });
}

/** Legacy ids of people of whom Clerk says something else than when `rehome users` ran last: changed, come, or gone. */
export async function changedAtClerk(client: ClientBase, people: readonly LegacyUser[]): Promise<string[]> {
  const rows = await query<{ id: string; print: string }>(
    client,
    "read what Clerk said",
    "select legacy_user_id as id, print from rehome.clerk_print order by 1",
  );
  const said = new Map(rows.map((row) => [row.id, row.print]));
  const now = new Set(people.map((user) => user.id));
  return [
    ...people.filter((user) => said.get(user.id) !== clerkPrint(user)).map((user) => user.id),
    ...[...said.keys()].filter((id) => !now.has(id)),
  ];
}
