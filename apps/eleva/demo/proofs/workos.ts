import type { Sandbox } from "@rehome/sandbox";
import { WorkOS } from "@workos-inc/node";

/** WorkOS through the official SDK, as the product would use it; `maxRetries` for who only looks and may meet a limit. */
export function workosOf(workos: Pick<Sandbox["workos"], "apiKey" | "clientId" | "port">, maxRetries = 0): WorkOS {
  return new WorkOS(workos.apiKey, { clientId: workos.clientId, apiHostname: "127.0.0.1", port: workos.port, https: false, maxRetries });
}

/** WorkOS id by external id, for users and for organizations: asked of WorkOS itself, not of the ledger. */
export async function idsByExternalId(workos: WorkOS): Promise<{ users: Map<string, string>; organizations: Map<string, string> }> {
  const users = new Map<string, string>();
  for (let after: string | undefined; ; ) {
    const page = await workos.userManagement.listUsers({ limit: 100, ...(after ? { after } : {}) });
    for (const user of page.data) if (user.externalId) users.set(user.externalId, user.id);
    after = page.listMetadata.after ?? undefined;
    if (!after) break;
  }
  const organizations = new Map<string, string>();
  for (let after: string | undefined; ; ) {
    const page = await workos.organizations.listOrganizations({ limit: 100, ...(after ? { after } : {}) });
    for (const organization of page.data) if (organization.externalId) organizations.set(organization.externalId, organization.id);
    after = page.listMetadata.after ?? undefined;
    if (!after) break;
  }
  return { users, organizations };
}

/** A session of somebody who signs in at Google: the twin gives it without a browser. */
export async function sessionOf(workos: Sandbox["workos"], userId: string, organizationId: string): Promise<string> {
  const answer = await fetch(new URL("/__twin/sessions", workos.url), {
    method: "POST",
    headers: { "content-type": "application/json", "x-twin-admin": workos.adminToken },
    // A person with an unverified address or a factor would be asked for a code first; the token is the same.
    body: JSON.stringify({ user_id: userId, organization_id: organizationId, force: true }),
  });
  if (!answer.ok) throw new Error(`The WorkOS twin gave no session (status ${answer.status}).`);
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** How many requests the twin has seen that create or change something; sign-ins and admin requests are not among them. */
export async function writesSeen(workos: Sandbox["workos"]): Promise<number> {
  const answer = await fetch(new URL("/__twin/counters", workos.url), { headers: { "x-twin-admin": workos.adminToken } });
  const { requests } = (await answer.json()) as { requests: Record<string, number> };
  return Object.entries(requests)
    .filter(([route]) => /^(POST|PUT|PATCH|DELETE) /.test(route) && !/authenticate|\/auth\/factors|__twin/.test(route))
    .reduce((sum, [, count]) => sum + count, 0);
}
