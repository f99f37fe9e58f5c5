import type { ElevaWorld } from "@rehome/eleva-legacy";
import type { WorkOS } from "@workos-inc/node";

/**
 * What WorkOS holds that it should not: asked of WorkOS itself, everything it lists, through the official SDK.
 *
 * @returns one sentence for each moved person who has not exactly one user, one home, one practice if an expert's role says so, one membership in each and the factor that Clerk held
 */
export async function accountsThatDiffer(workos: WorkOS, world: ElevaWorld): Promise<string[]> {
  const moved = Object.entries(world.answers.people).filter(([, person]) => person.disposition.startsWith("move"));
  const users = await all((after) => workos.userManagement.listUsers({ limit: 100, ...after }));
  const organizations = await all((after) => workos.organizations.listOrganizations({ limit: 100, ...after }));
  const differences: string[] = [];
  if (users.length !== moved.length) differences.push(`${users.length} users for ${moved.length} people`);
  const practices = moved.length + world.answers.practices.people;
  if (organizations.length !== practices) differences.push(`${organizations.length} organizations, ${practices} expected`);
  const experts = new Set(world.clerkUsers.filter(({ public_metadata }) => isExpert(public_metadata["role"])).map(({ id }) => id));
  for (const [id] of moved) {
    const mine = users.filter((user) => user.externalId === id);
    const homes = organizations.filter((organization) => organization.externalId === id);
    const practice = organizations.filter((organization) => organization.externalId === `practice:${id}`);
    const [user] = mine;
    const due = experts.has(id) ? 1 : 0;
    if (mine.length !== 1 || homes.length !== 1 || practice.length !== due || !user) {
      differences.push(`${id}: ${mine.length} users, ${homes.length} homes, ${practice.length} practices of ${due}`);
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
    const joined = memberships.map(({ organizationId }) => organizationId).toSorted();
    if (
      joined.join() !==
      [...homes, ...practice]
        .map((organization) => organization.id)
        .toSorted()
        .join()
    )
      differences.push(`${id}: ${memberships.length} memberships`);
    if (factors.length !== expected) differences.push(`${id}: ${factors.length} factors, ${expected} at Clerk`);
  }
  return differences;
}

const EXPERTS = ["community_expert", "top_expert", "lecturer"];

const isExpert = (role: unknown): boolean => [role].flat().some((one) => EXPERTS.includes(String(one).toLowerCase()));

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
