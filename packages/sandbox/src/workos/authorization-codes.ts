import { createHash } from "node:crypto";
import { sameText } from "../twin/admin-door.ts";
import { badRequest, oauthError } from "./errors.ts";
import { newSecret } from "./ids.ts";
import type { Session } from "./state.ts";

interface Issued {
  session: Session;
  /** `code_challenge` of the request (S256), when it had one. */
  challenge: string | undefined;
  expiresAt: number;
  used: boolean;
}

// docs reference/sso/get-authorization-url: codes are for at once; RFC 6749 section 4.1.2 recommends at most 10 minutes.
const LIFE_MS = 10 * 60_000;

/** Codes that a browser brings from the hosted pages to the application: single use, 10 minutes, bound to the PKCE challenge. */
export class AuthorizationCodes {
  readonly #byCode = new Map<string, Issued>();

  issue(session: Session, challenge: string | undefined): string {
    const code = newSecret(24);
    this.#byCode.set(code, { session, challenge, expiresAt: Date.now() + LIFE_MS, used: false });
    return code;
  }

  /**
   * Uses a code up, whatever comes of it.
   *
   * @param verifier `code_verifier` of the exchange
   * @throws ApiError 400 invalid_grant, code_challenge_not_found when a verifier comes without a challenge
   */
  redeem(code: string, verifier: string | undefined): Session {
    const issued = this.#byCode.get(code);
    if (!issued) throw oauthError("invalid_grant", "The code is invalid.");
    if (issued.used) throw oauthError("invalid_grant", "The code has already been used.");
    issued.used = true;
    if (issued.expiresAt <= Date.now()) throw oauthError("invalid_grant", "The code has expired.");
    if (issued.challenge === undefined && verifier !== undefined) {
      throw badRequest("code_challenge_not_found", "The authorization request had no code challenge.");
    }
    if (issued.challenge !== undefined && !fits(verifier ?? "", issued.challenge)) {
      throw oauthError("invalid_grant", "The code verifier does not match the code challenge.");
    }
    return issued.session;
  }
}

/** RFC 7636 section 4.6, method S256. */
function fits(verifier: string, challenge: string): boolean {
  return sameText(createHash("sha256").update(verifier).digest("base64url"), challenge);
}
