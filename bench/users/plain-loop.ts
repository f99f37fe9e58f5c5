import { setTimeout as wait } from "node:timers/promises";
import { WorkOS } from "@workos-inc/node";

/** WorkOS's own tool spends 50 requests a second, in whatever order they come. */
const PER_SECOND = 50;
const AT_ONCE = 10;

/**
 * Makes people at WorkOS as a plain script does: look up by address, create the user, the organization, the membership; four requests a person from one
 * bucket, each person once, nothing noted, nothing looked up after a lost reply.
 *
 * @returns seconds
 */
export async function plainLoop(
  workos: { apiKey: string; clientId: string; url: string },
  people: readonly { id: string; email: string; digest: string }[],
): Promise<number> {
  const { hostname, port } = new URL(workos.url);
  const sdk = new WorkOS(workos.apiKey, { clientId: workos.clientId, apiHostname: hostname, port: Number(port), https: false });
  const startedAt = performance.now();
  let nextAt = startedAt;
  const turn = async () => {
    const at = Math.max(nextAt, performance.now());
    nextAt = at + 1_000 / PER_SECOND;
    await wait(Math.max(0, at - performance.now()));
  };
  const waiting = [...people];
  const worker = async () => {
    for (let person = waiting.pop(); person; person = waiting.pop()) {
      await turn();
      await sdk.userManagement.listUsers({ email: person.email });
      await turn();
      const user = await sdk.userManagement.createUser({
        ...{ email: person.email, externalId: person.id, emailVerified: true },
        ...{ passwordHash: person.digest, passwordHashType: "bcrypt" },
      });
      await turn();
      const organization = await sdk.organizations.createOrganization({ name: "Personal", externalId: person.id });
      await turn();
      await sdk.userManagement.createOrganizationMembership({ userId: user.id, organizationId: organization.id, roleSlug: "member" });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return (performance.now() - startedAt) / 1_000;
}
