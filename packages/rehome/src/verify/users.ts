import type { ClientBase } from "pg";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { query } from "../postgres/query.ts";
import type { PacedWorkos } from "../users/workos.ts";
import { judge, type Proof } from "./proof.ts";

interface Account {
  id: string;
  externalId: string | null;
  email: string;
  emailVerified: boolean;
}

interface Known {
  id: string;
  user: string | null;
  organization: string | null;
  membership: string | null;
}

/** Of people whom a rollback brought back to Clerk: WorkOS had them first, without an external id. */
const NEWCOMER = "signed_up_after_cutover";

/**
 * Proves that every legacy user is accounted for, and that WorkOS holds exactly the people who moved.
 *
 * The expected side is Clerk itself (`people`, read anew), the found side is WorkOS's own lists; the ledger only says who was to move. Per
 * person: one WorkOS user, the one of the identity map; the address and its verified state as Clerk has them; an active membership in an
 * organization of the person's own, and none in the organization of another person.
 */
export async function proveUsers(client: ClientBase, workos: PacedWorkos, people: readonly LegacyUser[]): Promise<Proof> {
  const decided = await query<{ id: string; disposition: string; reason: string }>(
    client,
    "read the dispositions",
    "select legacy_user_id as id, disposition, reason from rehome.disposition",
  );
  const identities = await query<Known & { [name: string]: unknown }>(
    client,
    "read the identity map",
    `select legacy_user_id as id, workos_user_id as "user", workos_organization_id as organization, workos_membership_id as membership
       from rehome.identity where moved`,
  );
  const decisionById = new Map(decided.map((row) => [row.id, row]));
  const identityById = new Map(identities.map((row) => [row.id, row]));
  const accounts = await listAccounts(workos);
  const accountById = new Map(accounts.map((account) => [account.id, account]));
  const accountByExternalId = new Map(accounts.flatMap((account) => (account.externalId ? [[account.externalId, account]] : [])));
  const isNewcomer = (id: string) => decisionById.get(id)?.reason === NEWCOMER;
  const expectedAccounts = new Set<string>();
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
    const identity = identityById.get(person.id);
    const account = isNewcomer(person.id) ? accountById.get(identity?.user ?? "") : accountByExternalId.get(person.id);
    if (account) expectedAccounts.add(account.id);
    if (decision.disposition === "hold" || decision.disposition === "exclude") {
      if (account) offenders.push(`${person.id}: is ${decision.disposition} and has a WorkOS user`);
      continue;
    }
    if (!account || !identity?.user || !identity.organization || !identity.membership)
      offenders.push(`${person.id}: no WorkOS user, organization or membership`);
    else if (account.id !== identity.user) offenders.push(`${person.id}: another WorkOS user than the identity map says`);
    else if (account.emailVerified !== (person.primaryAddress?.verified ?? false))
      offenders.push(`${person.id}: verified state of the address differs`);
    else if (account.email.toLowerCase() !== person.primaryAddress?.address.trim().toLowerCase())
      offenders.push(`${person.id}: another address`);
  }
  for (const account of accounts) if (!expectedAccounts.has(account.id)) offenders.push(`WorkOS user ${account.id} is nobody of legacy`);
  offenders.push(...(await foreignOrganizations(workos, identities, isNewcomer)), ...(await wrongMemberships(workos, identities)));
  const figure = `${people.length} legacy users = ${counts.move} moved + ${counts.move_reset_password} moved with reset + ${counts.hold} held + ${counts.exclude} excluded; ${accounts.length} at WorkOS`;
  return judge({ name: "users", checked, expected: people.length, figure, offenders });
}

/** Everyone at WorkOS, with or without an external id. */
async function listAccounts(workos: PacedWorkos): Promise<Account[]> {
  const accounts: Account[] = [];
  for (let after: string | undefined; ; ) {
    const page = await workos.repeatable("read", "list the users at WorkOS", () =>
      workos.sdk.userManagement.listUsers({ limit: 100, ...(after ? { after } : {}) }),
    );
    for (const { id, externalId, email, emailVerified } of page.data) accounts.push({ id, externalId, email, emailVerified });
    after = page.listMetadata.after ?? undefined;
    if (!after) return accounts;
  }
}

/** People whose organization WorkOS does not know as theirs. */
async function foreignOrganizations(
  workos: PacedWorkos,
  identities: readonly Known[],
  isNewcomer: (id: string) => boolean,
): Promise<string[]> {
  const ownerById = new Map<string, string | null>();
  for (let after: string | undefined; ; ) {
    const page = await workos.repeatable("read", "list the organizations at WorkOS", () =>
      workos.sdk.organizations.listOrganizations({ limit: 100, ...(after ? { after } : {}) }),
    );
    for (const { id, externalId } of page.data) ownerById.set(id, externalId);
    after = page.listMetadata.after ?? undefined;
    if (!after) break;
  }
  return identities
    .filter(({ id, organization }) => organization && !isNewcomer(id) && ownerById.get(organization) !== id)
    .map(({ id }) => `${id}: the organization is not the person's own`);
}

async function wrongMemberships(workos: PacedWorkos, identities: readonly Known[]): Promise<string[]> {
  const ownerByOrganization = new Map(identities.map(({ id, organization }) => [organization, id]));
  const wrong: string[] = [];
  for (let from = 0; from < identities.length; from += 20) {
    const batch = identities.slice(from, from + 20).filter((identity) => identity.user && identity.organization);
    const found = await Promise.all(
      batch.map((identity) =>
        workos.repeatable("read", `read the memberships of ${identity.id}`, () =>
          workos.sdk.userManagement.listOrganizationMemberships({ userId: identity.user as string, statuses: ["active"], limit: 100 }),
        ),
      ),
    );
    batch.forEach(({ id, organization }, index) => {
      const organizations = (found[index]?.data ?? []).map((membership) => membership.organizationId);
      if (!organizations.includes(organization as string)) wrong.push(`${id}: the membership is not active at WorkOS`);
      if (organizations.some((other) => (ownerByOrganization.get(other) ?? id) !== id))
        wrong.push(`${id}: is a member of another person's organization`);
    });
  }
  return wrong;
}
