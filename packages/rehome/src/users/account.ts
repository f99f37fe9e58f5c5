import { createHash, randomBytes } from "node:crypto";
import type { MoveConfig } from "../config/define.ts";
import { stripAddress } from "../legacy/address.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { judgeDigest } from "../plan/digests.ts";
import { practiceExternalId } from "./identities.ts";
import type { PacedWorkos } from "./workos.ts";

type NewUser = Parameters<PacedWorkos["sdk"]["userManagement"]["createUser"]>[0];

/** Kinds of organizations a person may have. */
export const ORGANIZATION_KINDS = ["home", "practice"] as const;
export type OrganizationKind = (typeof ORGANIZATION_KINDS)[number];

/** Names of a person's organizations; a practice has one only where there is one. */
export interface OrganizationNames {
  home: string;
  practice: string | null;
}

/** One organization of a person, as it shall be at WorkOS. */
export interface WantedOrganization {
  kind: OrganizationKind;
  externalId: string;
  name: string;
  /** The person's role in it. */
  role: string;
  /** For sentences: `organization` or `practice`. */
  what: string;
  moveId: string;
}

/** What WorkOS shall say of a person, by what Clerk says now. Secrets are revealed only where they are sent. */
export interface Wanted {
  id: string;
  email: string;
  emailVerified: boolean;
  firstName: string | null;
  lastName: string | null;
  password: { hash: string; type: "bcrypt" } | null;
  totpSecret: string | null;
  metadata: Record<string, string>;
  organizations: WantedOrganization[];
}

/** A password is `none` where WorkOS was never sent one, and `closed` where it has a random one that nobody knows. */
export const NO_PASSWORD = "none";
export const CLOSED_PASSWORD = "closed";

/**
 * What WorkOS shall say of a person.
 *
 * @param names of the organizations, as the ledger keeps them
 * @param moveId marks what this move makes
 */
export function wantedOf(
  user: LegacyUser,
  names: OrganizationNames,
  config: Pick<MoveConfig["users"], "ownerRole">,
  moveId: string,
): Wanted {
  const verdict = user.digest ? judgeDigest(user.hasher ?? "", user.digest.reveal()) : undefined;
  return {
    id: user.id,
    email: stripAddress(user.primaryAddress?.address ?? ""),
    emailVerified: user.primaryAddress?.verified ?? false,
    firstName: user.firstName || null,
    lastName: user.lastName || null,
    // The SDK's type lists fewer hash types than the API takes; what is given passes through.
    password: verdict?.carried ? { hash: verdict.convert(), type: verdict.type as "bcrypt" } : null,
    totpSecret: user.totp?.reveal() ?? null,
    metadata: { rehome_move: moveId, ...(user.createdAt ? { legacy_created_at: user.createdAt.toISOString() } : {}) },
    organizations: [
      { kind: "home" as const, externalId: user.id, name: names.home, what: "organization" },
      ...(names.practice === null
        ? []
        : [{ kind: "practice" as const, externalId: practiceExternalId(user.id), name: names.practice, what: "practice" }]),
    ].map((organization) => ({ ...organization, role: config.ownerRole, moveId })),
  };
}

/** The body of a creation: a name that is not there is left out. */
export function newUser(wanted: Wanted): NewUser {
  return {
    email: wanted.email,
    emailVerified: wanted.emailVerified,
    externalId: wanted.id,
    metadata: wanted.metadata,
    ...(wanted.firstName === null ? {} : { firstName: wanted.firstName }),
    ...(wanted.lastName === null ? {} : { lastName: wanted.lastName }),
    ...(wanted.password ? passwordFields(wanted.password) : {}),
  };
}

/** The fields of an update. WorkOS keeps what is left out, so an emptied name is sent as one without letters. */
export function accountFields(wanted: Wanted) {
  return {
    email: wanted.email,
    emailVerified: wanted.emailVerified,
    externalId: wanted.id,
    firstName: wanted.firstName ?? "",
    lastName: wanted.lastName ?? "",
  };
}

export function passwordFields(password: NonNullable<Wanted["password"]>) {
  return { passwordHash: password.hash, passwordHashType: password.type };
}

/** A password that nobody knows, for an account whose old one must not sign in any more: WorkOS has no request that removes one. */
export function unknownPassword(): { password: string } {
  return { password: `${randomBytes(48).toString("base64url")}aA1!` };
}

/**
 * What was sent, so that a later run sees whether Clerk says something else by now. A SHA-256 and no more: the ledger keeps no digest, and a
 * digest with its own random salt cannot be guessed from it.
 */
export function accountPrint(wanted: Wanted): string {
  return [[wanted.email], [wanted.emailVerified], [wanted.firstName, wanted.lastName]].map((part) => print(wanted.id, part)).join(".");
}

/** Which parts of an account differ from what was sent; all of them where that is not known. */
export function changedParts(known: string | null, wanted: Wanted): string[] {
  const before = known?.split(".") ?? [];
  return ["address", "verified state", "names"].filter((_, index) => before[index] !== accountPrint(wanted).split(".")[index]);
}

/** The same of the digest; null where there is none to carry. */
export function passwordPrint(wanted: Wanted): string | null {
  return wanted.password ? print(wanted.id, wanted.password) : null;
}

/** The same of the TOTP secret (160 random bits); null where there is none. */
export function totpPrint(wanted: Wanted): string | null {
  return wanted.totpSecret === null ? null : print(wanted.id, wanted.totpSecret);
}

function print(id: string, content: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify([id, content]))
    .digest("hex");
}
