import type { ClientBase } from "pg";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { query } from "../postgres/query.ts";
import { practiceExternalId } from "../users/identities.ts";
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
  practice: string | null;
  practiceMembership: string | null;
}

/** Of people whom a rollback brought back to Clerk: WorkOS had them first, without an external id. */
const NEWCOMER = "signed_up_after_cutover";

/**
 * Proves that every legacy user is accounted for, and that WorkOS holds exactly the people who moved.
 *
 * The expected side is Clerk itself (`people`, read anew), the found side is WorkOS's own lists; the ledger only says who was to move. Per
 * person: one WorkOS user, the one of the identity map; the address and its verified state as Clerk has them; an active membership in a home of
 * the person's own, and in a practice of the person's own where there is one; none in the home of another person, nor in another's practice unless
 * the product let the person in.
 *
 * @param hasPractice who must have a practice, by the config
 */
export async function proveUsers(
  client: ClientBase,
  workos: PacedWorkos,
  people: readonly LegacyUser[],
  hasPractice: (user: LegacyUser) => boolean,
): Promise<Proof> {
  const decided = await query<{ id: string; disposition: string; reason: string }>(
    client,
    "read the dispositions",
    "select legacy_user_id as id, disposition, reason from rehome.disposition",
  );
  const identities = await query<Known & { [name: string]: unknown }>(
    client,
    "read the identity map",
    `select legacy_user_id as id, workos_user_id as "user", workos_organization_id as organization, workos_membership_id as membership,
            workos_practice_id as practice, workos_practice_membership_id as "practiceMembership"
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
    else if (hasPractice(person) && !(identity.practice && identity.practiceMembership))
      offenders.push(`${person.id}: no practice, or no membership in it`);
    else if (account.id !== identity.user) offenders.push(`${person.id}: another WorkOS user than the identity map says`);
    else if (account.emailVerified !== (person.primaryAddress?.verified ?? false))
      offenders.push(`${person.id}: verified state of the address differs`);
    else if (account.email.toLowerCase() !== person.primaryAddress?.address.trim().toLowerCase())
      offenders.push(`${person.id}: another address`);
  }
  for (const account of accounts) if (!expectedAccounts.has(account.id)) offenders.push(`WorkOS user ${account.id} is nobody of legacy`);
  offenders.push(...(await foreignOrganizations(workos, identities, isNewcomer, new Set(people.map(({ id }) => id)))));
  offenders.push(...(await wrongMemberships(workos, identities, await letInByProduct(client))));
  const practices = identities.filter(({ practice }) => practice).length;
  const figure = `${people.length} legacy users = ${counts.move} moved + ${counts.move_reset_password} moved with reset + ${counts.hold} held + ${counts.exclude} excluded; ${accounts.length} at WorkOS, ${practices} with a practice`;
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
  known: ReadonlySet<string>,
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
  const homes = identities
    .filter(({ id, organization }) => organization && !isNewcomer(id) && ownerById.get(organization) !== id)
    .map(({ id }) => `${id}: the organization is not the person's own`);
  const practices = identities
    .filter(({ id, practice }) => practice && known.has(id) && ownerById.get(practice) !== practiceExternalId(id))
    .map(({ id }) => `${id}: the practice is not the person's own`);
  return [...homes, ...practices];
}

/** Members of a practice that became a clinic while the target served: the product's mirror has them, and the mover made none. */
async function letInByProduct(client: ClientBase): Promise<ReadonlySet<string>> {
  const [mirror] = await query<{ there: boolean }>(
    client,
    "look for the mirror of memberships",
    "select to_regclass('public.memberships') is not null as there",
  );
  if (!mirror?.there) return new Set();
  const rows = await query<{ user: string; organization: string }>(
    client,
    "read who was let into a practice",
    `select m.workos_user_id as "user", m.org_id as organization from public.memberships m
       join rehome.identity i on i.workos_practice_id = m.org_id where m.workos_user_id <> i.workos_user_id`,
  );
  return new Set(rows.map(({ user, organization }) => `${user} ${organization}`));
}

async function wrongMemberships(workos: PacedWorkos, identities: readonly Known[], letIn: ReadonlySet<string>): Promise<string[]> {
  const ownerByOrganization = new Map(
    identities.flatMap(({ id, organization, practice }) => [organization, practice].filter(Boolean).map((one) => [one as string, id])),
  );
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
    batch.forEach(({ id, user, organization, practice }, index) => {
      const organizations = (found[index]?.data ?? []).map((membership) => membership.organizationId);
      if (!organizations.includes(organization as string)) wrong.push(`${id}: the membership is not active at WorkOS`);
      if (practice && !organizations.includes(practice)) wrong.push(`${id}: the membership in the practice is not active at WorkOS`);
      if (organizations.some((other) => (ownerByOrganization.get(other) ?? id) !== id && !letIn.has(`${user} ${other}`)))
        wrong.push(`${id}: is a member of another person's organization`);
    });
  }
  return wrong;
}
