import type { ClientBase } from "pg";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { query } from "../postgres/query.ts";
import type { PacedWorkos } from "../users/workos.ts";
import { judge, type Proof } from "./proof.ts";

interface Account {
  externalId: string | null;
  email: string;
  emailVerified: boolean;
}

/**
 * Proves that every legacy user is accounted for, and that WorkOS holds exactly the people who moved.
 *
 * The expected side is Clerk itself (`people`, read anew), the found side is WorkOS's own list; the ledger only says who was to move. Per person:
 * one WorkOS user, the address and its verified state as Clerk has them, one active membership in an organization of the person's own.
 */
export async function proveUsers(client: ClientBase, workos: PacedWorkos, people: readonly LegacyUser[]): Promise<Proof> {
  const decided = await query<{ id: string; disposition: string; reason: string }>(
    client,
    "read the dispositions",
    "select legacy_user_id as id, disposition, reason from rehome.disposition",
  );
  const identities = await query<{ id: string; user: string | null; organization: string | null; membership: string | null }>(
    client,
    "read the identity map",
    `select legacy_user_id as id, workos_user_id as "user", workos_organization_id as organization, workos_membership_id as membership
       from rehome.identity where moved`,
  );
  const decisionById = new Map(decided.map((row) => [row.id, row]));
  const identityById = new Map(identities.map((row) => [row.id, row]));
  const accounts = await listAccounts(workos);
  const offenders: string[] = [];
  const counts = { move: 0, move_reset_password: 0, hold: 0, exclude: 0 };
  let checked = 0;
  for (const person of people) {
    const decision = decisionById.get(person.id);
    if (!decision?.reason) {
      offenders.push(`${person.id}: no disposition with a reason`);
      continue;
    }
    checked += 1;
    counts[decision.disposition as keyof typeof counts] += 1;
    const account = accounts.get(person.id);
    if (decision.disposition === "hold" || decision.disposition === "exclude") {
      if (account) offenders.push(`${person.id}: is ${decision.disposition} and has a WorkOS user`);
      continue;
    }
    const identity = identityById.get(person.id);
    if (!account || !identity?.user || !identity.organization || !identity.membership)
      offenders.push(`${person.id}: no WorkOS user, organization or membership`);
    else if (account.emailVerified !== (person.primaryAddress?.verified ?? false))
      offenders.push(`${person.id}: verified state of the address differs`);
    else if (account.email.toLowerCase() !== person.primaryAddress?.address.trim().toLowerCase())
      offenders.push(`${person.id}: another address`);
  }
  const legacyIds = new Set(people.map((person) => person.id));
  for (const externalId of accounts.keys())
    if (!legacyIds.has(externalId)) offenders.push(`WorkOS user with external id ${externalId} is nobody of legacy`);
  const missingMemberships = await membersWithoutOrganization(workos, identities);
  offenders.push(...missingMemberships.map((id) => `${id}: the membership is not active at WorkOS`));
  const figure = `${people.length} legacy users = ${counts.move} moved + ${counts.move_reset_password} moved with reset + ${counts.hold} held + ${counts.exclude} excluded; ${accounts.size} at WorkOS`;
  return judge({ name: "users", checked, expected: people.length, figure, offenders });
}

/** Everyone at WorkOS who carries an external id. */
async function listAccounts(workos: PacedWorkos): Promise<Map<string, Account>> {
  const accounts = new Map<string, Account>();
  for (let after: string | undefined; ; ) {
    const page = await workos.repeatable("read", "list the users at WorkOS", () =>
      workos.sdk.userManagement.listUsers({ limit: 100, ...(after ? { after } : {}) }),
    );
    for (const user of page.data)
      if (user.externalId)
        accounts.set(user.externalId, { externalId: user.externalId, email: user.email, emailVerified: user.emailVerified });
    after = page.listMetadata.after ?? undefined;
    if (!after) return accounts;
  }
}

async function membersWithoutOrganization(
  workos: PacedWorkos,
  identities: readonly { id: string; user: string | null; organization: string | null }[],
): Promise<string[]> {
  const missing: string[] = [];
  for (let from = 0; from < identities.length; from += 20) {
    const batch = identities.slice(from, from + 20).filter((identity) => identity.user && identity.organization);
    const found = await Promise.all(
      batch.map((identity) =>
        workos.repeatable("read", `read the membership of ${identity.id}`, () =>
          workos.sdk.userManagement.listOrganizationMemberships({
            userId: identity.user as string,
            organizationId: identity.organization as string,
          }),
        ),
      ),
    );
    batch.forEach((identity, index) => {
      if (!found[index]?.data.some((membership) => membership.status === "active")) missing.push(identity.id);
    });
  }
  return missing;
}
