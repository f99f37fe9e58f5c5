import { createGuardrails, generateSecret, generateURI, verify } from "otplib";

// Authenticator apps hand out secrets of 80 bits too; otplib alone would refuse those.
const guardrails = createGuardrails({ MIN_SECRET_BYTES: 10 });
const BASE32 = /^[A-Z2-7]{16,128}$/;
const STEP_SECONDS = 30;

/** The secret as WorkOS keeps it (Base32, upper case, no padding), or undefined when it is not one of at least 80 bits. */
export function readTotpSecret(text: string): string | undefined {
  const secret = text.replace(/\s/g, "").replace(/=+$/, "").toUpperCase();
  return BASE32.test(secret) ? secret : undefined;
}

export function newTotpSecret(): string {
  return generateSecret();
}

export function totpUri(issuer: string, label: string, secret: string): string {
  return generateURI({ issuer, label, secret });
}

/**
 * Checks a code as RFC 6238 says: SHA-1, six digits, 30 s, one step of drift either way.
 *
 * @returns the step the code belongs to, or undefined when it is wrong
 */
export async function totpStep(secret: string, code: string): Promise<number | undefined> {
  if (!/^\d{6}$/.test(code)) return undefined;
  const result = await verify({ secret, token: code, epochTolerance: STEP_SECONDS, guardrails });
  return result.valid && "timeStep" in result ? result.timeStep : undefined;
}
