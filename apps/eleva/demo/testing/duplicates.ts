import type { ElevaWorld } from "@rehome/eleva-legacy";
import type { WorkOS } from "@workos-inc/node";

/**
 * What WorkOS holds that it should not: asked of WorkOS itself, everything it lists, through the official SDK.
 *
 * @returns one sentence for each moved person who has not exactly one user, one organization, one membership in it and the factor that Clerk held
 */
export async function accountsThatDiffer(workos: WorkOS, world: ElevaWorld): Promise<string[]> {
  const moved = Object.entries(world.answers.people).filter(([, person]) => person.disposition.startsWith("move"));
  const users = await all((after) => workos.userManagement.listUsers({ limit: 100, ...after }));
  const organizations = await all((after) => workos.organizations.listOrganizations({ limit: 100, ...after }));
  const differences: string[] = [];
  if (users.length !== moved.length) differences.push(`${users.length} users for ${moved.length} people`);
  if (organizations.length !== moved.length) differences.push(`${organizations.length} organizations for ${moved.length} people`);
  for (const [id] of moved) {
    const mine = users.filter((user) => user.externalId === id);
    const homes = organizations.filter((organization) => organization.externalId === id);
    const [user] = mine;
    if (mine.length !== 1 || homes.length !== 1 || !user) {
      differences.push(`${id}: ${mine.length} users, ${homes.length} organizations`);
      continue;
    }
    const memberships = await all((after) =>
      workos.userManagement.listOrganizationMemberships({
        userId: user.id,
        statuses: ["active", "inactive", "pending"],
        limit: 100,
        ...after,
      }),
    );
    const factors = await all((after) => workos.multiFactorAuth.listUserAuthFactors({ userId: user.id, ...after }));
    const expected = world.totpSecrets.has(id) ? 1 : 0;
    if (memberships.length !== 1 || memberships[0]?.organizationId !== homes[0]?.id)
      differences.push(`${id}: ${memberships.length} memberships`);
    if (factors.length !== expected) differences.push(`${id}: ${factors.length} factors, ${expected} at Clerk`);
  }
  return differences;
}

interface Page<T> {
  data: T[];
  listMetadata: { after?: string | null };
}

async function all<T>(list: (from: { after?: string }) => Promise<Page<T>>): Promise<T[]> {
  const found: T[] = [];
  for (let after: string | undefined; ; ) {
    const page = await list(after ? { after } : {});
    found.push(...page.data);
    after = page.listMetadata.after ?? undefined;
    if (!after) return found;
  }
}
