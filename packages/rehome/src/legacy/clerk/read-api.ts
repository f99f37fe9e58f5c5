import { createClerkClient, type User } from "@clerk/backend";
import { MoveError } from "../../errors.ts";
import { createCallClerk } from "./call-clerk.ts";

/** What the mover keeps of a user of Clerk's Backend API. Private and unsafe metadata are left there: they hold tokens and wishful flags. */
export interface ClerkApiUser {
  id: string;
  username: string | null;
  firstName: string | null;
  lastName: string | null;
  imageUrl: string | null;
  addresses: { address: string; verified: boolean; primary: boolean }[];
  phones: { verified: boolean; secondFactor: boolean }[];
  hasPassword: boolean;
  totpEnabled: boolean;
  backupCodes: boolean;
  passkeys: number;
  /** Providers, such as `oauth_google`. */
  externalAccounts: string[];
  banned: boolean;
  locked: boolean;
  publicMetadata: Record<string, unknown>;
  createdAt: Date;
  updatedAt: Date;
}

interface ClerkAccess {
  secretKey: string;
  publishableKey?: string | undefined;
  /** Default `https://api.clerk.com`. */
  apiUrl?: string | undefined;
}

const PAGE = 500;
/** Pages overlap by so many users: deletions during the read shift later users to the front, and a few must not cost another reading. */
const OVERLAP = 50;
const PASSES = 3;

/**
 * Reads all users of the instance, each once, as Clerk has them when the read ends.
 *
 * Offsets shift while users come and go. So: pages in order of creation that overlap; then all users changed since the read began, again;
 * then Clerk's own count must be what was read, else all is read once more. About `2 × users / 450` requests.
 *
 * @throws MoveError CLERK_REFUSED for a wrong key or a missing permission, CLERK_UNREACHABLE after bounded retries
 */
export async function readClerkApi(access: ClerkAccess, options: { timeoutMs?: number } = {}): Promise<ClerkApiUser[]> {
  const { users } = createClerkClient({
    secretKey: access.secretKey,
    ...(access.publishableKey ? { publishableKey: access.publishableKey } : {}),
    ...(access.apiUrl ? { apiUrl: access.apiUrl } : {}),
    telemetry: { disabled: true },
  });
  const apiUrl = access.apiUrl ?? "https://api.clerk.com";
  const call = createCallClerk(apiUrl, options.timeoutMs ?? 60_000);
  const page = async (orderBy: "+created_at" | "-updated_at", offset: number, limit = PAGE) => {
    const { data } = await call("list users", () => users.getUserList({ limit, offset, orderBy }));
    if (!Array.isArray(data) || data.some((user) => typeof user?.id !== "string")) throw notClerk(apiUrl);
    return data;
  };
  const count = async () => {
    const counted = await call("count users", () => users.getCount());
    if (typeof counted !== "number") throw notClerk(apiUrl);
    return counted;
  };

  let [read, counted] = [0, 0];
  for (let pass = 1; pass <= PASSES; pass++) {
    const [newest] = await page("-updated_at", 0, 1);
    const startedAt = newest?.updatedAt ?? 0;
    const byId = await readPages(page);
    await readChanges(page, byId, startedAt);
    [read, counted] = [byId.size, await count()];
    if (read === counted) return [...byId.values()];
  }
  throw new MoveError(
    "CLERK_UNREACHABLE",
    `Clerk counts ${counted} users and lists ${read}, in ${PASSES} readings: users come or go faster than they can be read.`,
    {
      next: "Run the command again when fewer people sign up or are deleted.",
      retry: true,
    },
  );
}

function notClerk(apiUrl: string): MoveError {
  return new MoveError("CLERK_REFUSED", `What answers at ${apiUrl} is not Clerk's Backend API.`, {
    next: "Correct legacy.clerk.apiUrl in rehome.config.ts, or leave it out, then run the command again.",
  });
}

type ReadPage = (orderBy: "+created_at" | "-updated_at", offset: number) => Promise<User[]>;

async function readPages(page: ReadPage): Promise<Map<string, ClerkApiUser>> {
  const byId = new Map<string, ClerkApiUser>();
  for (let offset = 0; ; offset += PAGE - OVERLAP) {
    const users = await page("+created_at", offset);
    for (const user of users) byId.set(user.id, toApiUser(user));
    if (users.length < PAGE) return byId;
  }
}

/** Users created or changed since `startedAt`, on Clerk's clock: also those created with an earlier date, which belong to pages already read. */
async function readChanges(page: ReadPage, byId: Map<string, ClerkApiUser>, startedAt: number): Promise<void> {
  for (let offset = 0; ; offset += PAGE - OVERLAP) {
    const users = await page("-updated_at", offset);
    for (const user of users) byId.set(user.id, toApiUser(user));
    if (users.length < PAGE || users.some((user) => user.updatedAt < startedAt)) return;
  }
}

function toApiUser(user: User): ClerkApiUser {
  // The SDK's class has no passkeys; the answer it was made of has.
  const raw = user.raw as { passkeys?: unknown } | null;
  return {
    id: user.id,
    username: user.username || null,
    firstName: user.firstName || null,
    lastName: user.lastName || null,
    imageUrl: user.imageUrl || null,
    addresses: user.emailAddresses.map((email) => ({
      address: email.emailAddress,
      verified: email.verification?.status === "verified",
      primary: email.id === user.primaryEmailAddressId,
    })),
    phones: user.phoneNumbers.map((phone) => ({
      verified: phone.verification?.status === "verified",
      secondFactor: phone.reservedForSecondFactor,
    })),
    hasPassword: user.passwordEnabled,
    totpEnabled: user.totpEnabled,
    backupCodes: user.backupCodeEnabled,
    passkeys: Array.isArray(raw?.passkeys) ? raw.passkeys.length : 0,
    externalAccounts: user.externalAccounts.map((account) => account.provider),
    banned: user.banned,
    locked: user.locked,
    publicMetadata: user.publicMetadata as Record<string, unknown>,
    createdAt: new Date(user.createdAt),
    updatedAt: new Date(user.updatedAt),
  };
}
