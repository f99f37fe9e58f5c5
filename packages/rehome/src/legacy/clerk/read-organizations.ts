import { MoveError } from "../../errors.ts";
import { createCallClerk } from "./call-clerk.ts";
import { type ClerkAccess, openClerkApi } from "./read-api.ts";

const PAGE = 500;

/** An organization of Clerk. The move makes none of it: who is in it is told as a loss. */
export interface ClerkOrganization {
  id: string;
  name: string;
  members: { userId: string; role: string }[];
  /** Invitations that wait for an answer. */
  invitations: number;
}

/**
 * Reads Clerk's organizations with members, roles and pending invitations; two requests for each.
 *
 * @param put gets each organization as soon as it is read
 * @returns pending invitations to the instance
 * @throws MoveError CLERK_REFUSED, CLERK_UNREACHABLE
 */
export async function readClerkOrganizations(
  access: ClerkAccess,
  put: (organization: ClerkOrganization) => void,
  options: { timeoutMs?: number } = {},
): Promise<number> {
  const { organizations, invitations } = openClerkApi(access);
  const call = createCallClerk(access.apiUrl ?? "https://api.clerk.com", options.timeoutMs ?? 60_000);
  const all = async <T>(what: string, list: (page: { limit: number; offset: number }) => Promise<{ data: T[] }>): Promise<T[]> => {
    const found: T[] = [];
    for (let offset = 0; ; offset += PAGE) {
      const { data } = await call(what, () => list({ limit: PAGE, offset }).catch(noneWhereSwitchedOff));
      if (!Array.isArray(data)) throw notClerk();
      found.push(...data);
      if (data.length < PAGE) return found;
    }
  };
  for (const { id, name } of await all("list organizations", (page) => organizations.getOrganizationList(page))) {
    const members = await all("list members", (page) => organizations.getOrganizationMembershipList({ ...page, organizationId: id }));
    const pending = await all("list invitations", (page) =>
      organizations.getOrganizationInvitationList({ ...page, organizationId: id, status: ["pending"] }),
    );
    put({
      id,
      name,
      members: members.flatMap((one) => (one.publicUserData ? [{ userId: one.publicUserData.userId, role: one.role }] : [])),
      invitations: pending.length,
    });
  }
  return (await all("list invitations", (page) => invitations.getInvitationList({ ...page, status: "pending" }))).length;
}

/** An instance without organizations answers so; anything else is an error. */
function noneWhereSwitchedOff(error: unknown): { data: never[] } {
  const { errors } = error as { errors?: { code?: unknown }[] };
  const codes = Array.isArray(errors) ? errors.map((one) => one.code) : [];
  if (codes.includes("organization_not_enabled_in_instance")) return { data: [] };
  throw error;
}

function notClerk(): MoveError {
  return new MoveError("CLERK_REFUSED", "What answers for organizations is not Clerk's Backend API.", {
    next: "Correct legacy.clerk.apiUrl in rehome.config.ts, or leave it out, then run the command again.",
  });
}
