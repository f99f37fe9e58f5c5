import { createHash } from "node:crypto";
import { stripAddress } from "../legacy/address.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { judgeDigest } from "../plan/digests.ts";
import type { PacedWorkos } from "./workos.ts";

type Account = Omit<Parameters<PacedWorkos["sdk"]["userManagement"]["createUser"]>[0], "externalId" | "metadata">;

/** What WorkOS is told of a person: address and its verified state, names, and the password's digest where WorkOS has a form for it. */
export function accountOf(user: LegacyUser): Account {
  const verdict = user.digest ? judgeDigest(user.hasher ?? "", user.digest.reveal()) : undefined;
  return {
    email: stripAddress(user.primaryAddress?.address ?? ""),
    emailVerified: user.primaryAddress?.verified ?? false,
    ...(user.firstName ? { firstName: user.firstName } : {}),
    ...(user.lastName ? { lastName: user.lastName } : {}),
    // The SDK's type lists fewer hash types than the API takes; what is given passes through.
    ...(verdict?.carried ? { passwordHash: verdict.convert(), passwordHashType: verdict.type as "bcrypt" } : {}),
  };
}

/**
 * What was sent, so that a later run sees whether Clerk says something else by now. A SHA-256 and no more: the ledger keeps no digest, and a
 * digest with its own random salt cannot be guessed from it.
 */
export function accountPrint(user: LegacyUser): string {
  return print(user.id, accountOf(user));
}

/** The same of the TOTP secret (160 random bits); null where there is none. */
export function totpPrint(user: LegacyUser): string | null {
  return user.totp ? print(user.id, user.totp.reveal()) : null;
}

function print(id: string, content: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify([id, content]))
    .digest("hex");
}
