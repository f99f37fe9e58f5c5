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
  externalAccounts: ExternalAccount[];
  banned: boolean;
  locked: boolean;
  publicMetadata: Record<string, unknown>;
  /** What else Clerk keeps of the user and the move has no place for, as paths: `private.stripeId`, `locale`. Names of fields, never their values. */
  unplaced: string[];
  /** As the API gives them, milliseconds since 1970: whether they are dates is looked at later. */
  createdAt: unknown;
  updatedAt: unknown;
  passwordChangedAt: unknown;
  totpChangedAt: unknown;
}

export interface ExternalAccount {
  /** Such as `oauth_google`. */
  provider: string;
  address: string;
  verified: boolean;
}

export interface ClerkAccess {
  secretKey: string;
  publishableKey?: string | undefined;
  /** Default `https://api.clerk.com`. */
  apiUrl?: string | undefined;
}

export interface ReadOptions {
  timeoutMs?: number;
  /** By how many Clerk's count may differ from its list at last; default 0. */
  acceptUncounted?: number;
}

/** Where users go as they are read; one that comes again replaces the former. */
export interface UserSink {
  clear(): void;
  put(user: ClerkApiUser): void;
  size(): number;
}

const PAGE = 500;
/** Pages overlap by so many users: deletions during the read shift later users to the front, and a few must not cost another reading. */
const OVERLAP = 50;
const PASSES = 3;

/**
 * All users of the instance, in memory; see `readClerkApiInto`.
 *
 * @throws MoveError as `readClerkApiInto`
 */
export async function readClerkApi(access: ClerkAccess, options: ReadOptions = {}): Promise<ClerkApiUser[]> {
  const byId = new Map<string, ClerkApiUser>();
  await readClerkApiInto(
    access,
    { clear: () => byId.clear(), put: (user) => void byId.set(user.id, user), size: () => byId.size },
    options,
  );
  return [...byId.values()];
}

export function openClerkApi(access: ClerkAccess): ReturnType<typeof createClerkClient> {
  return createClerkClient({
    secretKey: access.secretKey,
    ...(access.publishableKey ? { publishableKey: access.publishableKey } : {}),
    ...(access.apiUrl ? { apiUrl: access.apiUrl } : {}),
    telemetry: { disabled: true },
  });
}

/**
 * Reads all users of the instance, each once, as Clerk has them when the read ends.
 *
 * Offsets shift while users come and go. So: pages in order of creation that overlap; then all users changed since the read began, again;
 * then Clerk's own count must be what was read, else all is read once more. About `2 × users / 450` requests.
 *
 * @throws MoveError CLERK_REFUSED for a wrong key or a missing permission, CLERK_UNREACHABLE after bounded retries
 */
export async function readClerkApiInto(access: ClerkAccess, sink: UserSink, options: ReadOptions = {}): Promise<{ counted: number }> {
  const { users } = openClerkApi(access);
  const apiUrl = access.apiUrl ?? "https://api.clerk.com";
  const call = createCallClerk(apiUrl, options.timeoutMs ?? 60_000);
  const page = async (orderBy: "+created_at" | "-updated_at", offset: number, limit = PAGE) => {
    const { data } = await call("list users", () => users.getUserList({ limit, offset, orderBy }));
    if (!Array.isArray(data) || data.some((user) => typeof user?.id !== "string" || !/^[\x21-\x7e]+$/.test(user.id)))
      throw notClerk(apiUrl);
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
    sink.clear();
    await readPages(page, sink);
    await readChanges(page, sink, startedAt);
    [read, counted] = [sink.size(), await count()];
    if (read === counted || (pass === PASSES && Math.abs(read - counted) <= (options.acceptUncounted ?? 0))) return { counted };
  }
  throw new MoveError(
    "CLERK_UNREACHABLE",
    `Clerk counts ${counted} users and lists ${read}, in ${PASSES} readings: users come or go faster than they can be read.`,
    {
      next: `Run the command again when fewer people sign up or are deleted. If Clerk's count stays wrong, set legacy.clerk.acceptUncounted to ${Math.abs(read - counted)}.`,
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

async function readPages(page: ReadPage, sink: UserSink): Promise<void> {
  for (let offset = 0; ; offset += PAGE - OVERLAP) {
    const users = await page("+created_at", offset);
    for (const user of users) sink.put(toApiUser(user));
    if (users.length < PAGE) return;
  }
}

/** Users created or changed since `startedAt`, on Clerk's clock: also those created with an earlier date, which belong to pages already read. */
async function readChanges(page: ReadPage, sink: UserSink, startedAt: number): Promise<void> {
  for (let offset = 0; ; offset += PAGE - OVERLAP) {
    const users = await page("-updated_at", offset);
    for (const user of users) sink.put(toApiUser(user));
    if (users.length < PAGE || users.some((user) => user.updatedAt < startedAt)) return;
  }
}

function toApiUser(user: User): ClerkApiUser {
  // The SDK's class has none of these; the answer it was made of has.
  const raw = user.raw as { passkeys?: unknown; password_last_updated_at?: unknown; mfa_enabled_at?: unknown } | null;
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
    externalAccounts: user.externalAccounts.map((account) => ({
      provider: account.provider,
      address: account.emailAddress ?? "",
      verified: account.verification?.status === "verified",
    })),
    banned: user.banned,
    locked: user.locked,
    publicMetadata: user.publicMetadata as Record<string, unknown>,
    unplaced: unplacedOf(user),
    createdAt: user.createdAt,
    updatedAt: user.updatedAt,
    passwordChangedAt: raw?.password_last_updated_at ?? null,
    totpChangedAt: raw?.mfa_enabled_at ?? null,
  };
}

/** Fields of public metadata that have a place: read in join.ts. */
const PLACED = new Set(["role", "country", "securityPreferences"]);

function unplacedOf(user: User): string[] {
  const fields = (kind: string, metadata: unknown) => Object.keys(metadata ?? {}).map((name) => `${kind}.${name}`);
  return [
    ...fields("public", user.publicMetadata).filter((path) => !PLACED.has(path.slice("public.".length))),
    ...fields("private", user.privateMetadata),
    ...fields("unsafe", user.unsafeMetadata),
    ...(user.externalId ? ["external_id"] : []),
    ...(user.locale ? ["locale"] : []),
    ...(user.web3Wallets?.length ? ["web3_wallets"] : []),
    ...(user.enterpriseAccounts?.length ? ["enterprise_accounts"] : []),
  ];
}
