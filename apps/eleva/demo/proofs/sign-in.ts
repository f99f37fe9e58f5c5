import type { ElevaWorld } from "@rehome/eleva-legacy";
import type { AuthenticationException, WorkOS } from "@workos-inc/node";
import { generate } from "otplib";
import { judge, type Proof } from "rehome";

/** People who sign in side by side: the twin checks digests on all cores. */
const AT_ONCE = 8;

/**
 * Proves that everyone whose digest was carried signs in with the **old password** (and a code of the old TOTP secret where there is one), and
 * that a wrong password fails. Asked through the official SDK.
 *
 * @param world the people as they were, with their passwords
 * @param moved legacy ids of those who keep their password, by the answer file
 */
export async function proveSignIn(workos: WorkOS, clientId: string, world: ElevaWorld, moved: readonly string[]): Promise<Proof> {
  const offenders: string[] = [];
  let checked = 0;
  let withTotp = 0;
  const people = moved.map((id) => world.clerkUsers.find((user) => user.id === id)).filter((user) => user !== undefined);
  const queue = [...people];
  const worker = async (): Promise<void> => {
    for (let person = queue.pop(); person; person = queue.pop()) {
      const email = person.emails.find((address) => address.primary)?.address.trim() ?? "";
      const password = world.passwords.get(person.id);
      if (password === undefined) {
        offenders.push(`${person.id}: no password is known`);
        continue;
      }
      const totpSecret = world.totpSecrets.get(person.id);
      const wrong = await signIn(workos, clientId, email, `${password}x`, totpSecret);
      if (wrong === "in") offenders.push(`${person.id}: signs in with a wrong password`);
      const right = await signIn(workos, clientId, email, password, totpSecret);
      if (right === "refused") offenders.push(`${person.id}: does not sign in with the old password`);
      if (right === "no factor asked") offenders.push(`${person.id}: signs in without a code`);
      // A limit or an outage refuses nobody and lets nobody in: then nothing was examined.
      if (wrong === "no answer" || right === "no answer") {
        offenders.push(`${person.id}: WorkOS gave no answer`);
        continue;
      }
      if (totpSecret) withTotp += 1;
      checked += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const figure = `${checked} people sign in with their old password, ${withTotp} of them with a code of their old TOTP secret; each is refused with a wrong one`;
  return judge({ name: "sign-in", checked, expected: moved.length, figure, offenders });
}

type Answer = "in" | "refused" | "no factor asked" | "no answer";

/** A person with an unverified address is asked to verify it only after the right password (and the right code). */
async function signIn(workos: WorkOS, clientId: string, email: string, password: string, totpSecret: string | undefined): Promise<Answer> {
  try {
    await workos.userManagement.authenticateWithPassword({ clientId, email, password });
    return totpSecret === undefined ? "in" : "no factor asked";
  } catch (error) {
    const { rawData } = error as AuthenticationException;
    const reason = reasonOf(error);
    if (reason === "email_verification_required") return "in";
    if (reason === "mfa_challenge" && totpSecret) return answersChallenge(workos, clientId, rawData as unknown as Challenge, totpSecret);
    return reason === "invalid_credentials" || reason === "mfa_challenge" || reason === "mfa_enrollment" ? "refused" : "no answer";
  }
}

function reasonOf(error: unknown): string | undefined {
  const { code, rawData } = error as AuthenticationException;
  return code ?? (rawData as { code?: string } | undefined)?.code;
}

interface Challenge {
  pending_authentication_token: string;
  authentication_factors: { id: string; type: string }[];
}

async function answersChallenge(workos: WorkOS, clientId: string, challenge: Challenge, secret: string): Promise<Answer> {
  const factor = challenge.authentication_factors[0];
  if (!factor) return "refused";
  try {
    const { id } = await workos.multiFactorAuth.challengeFactor({ authenticationFactorId: factor.id });
    await workos.userManagement.authenticateWithTotp({
      clientId,
      code: await generate({ secret }),
      pendingAuthenticationToken: challenge.pending_authentication_token,
      authenticationChallengeId: id,
    });
    return "in";
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === "email_verification_required") return "in";
    return reason?.startsWith("invalid_") ? "refused" : "no answer";
  }
}
