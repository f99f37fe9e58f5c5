import { createClerkClient } from "@clerk/backend";
import { createCallClerk } from "./call-clerk.ts";

const PAGE = 500;

/**
 * The ids of the users who are members of one organization of Clerk.
 *
 * @throws MoveError CLERK_REFUSED (also for an organization that Clerk does not know), CLERK_UNREACHABLE
 */
export async function readOrganizationMembers(
  access: { secretKey: string; publishableKey?: string | undefined; apiUrl?: string | undefined },
  organizationId: string,
): Promise<string[]> {
  const { organizations } = createClerkClient({
    secretKey: access.secretKey,
    ...(access.publishableKey ? { publishableKey: access.publishableKey } : {}),
    ...(access.apiUrl ? { apiUrl: access.apiUrl } : {}),
    telemetry: { disabled: true },
  });
  const call = createCallClerk(access.apiUrl ?? "https://api.clerk.com", 60_000);
  const members: string[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const { data } = await call(`list the members of ${organizationId}`, () =>
      organizations.getOrganizationMembershipList({ organizationId, limit: PAGE, offset }),
    );
    members.push(...data.flatMap((membership) => (membership.publicUserData?.userId ? [membership.publicUserData.userId] : [])));
    if (data.length < PAGE) return members;
  }
}
