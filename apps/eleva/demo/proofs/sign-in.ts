import type { ElevaWorld } from "@rehome/eleva-legacy";
import type { AuthenticationException, WorkOS } from "@workos-inc/node";
import { generate } from "otplib";
import { judge, type Proof } from "rehome";

/** People who sign in side by side: the twin checks digests on all cores. */
const AT_ONCE = 8;

/**
 * Proves that everyone whose digest was carried signs in with the **old password** (and a code of the old TOTP secret where there is one), and
 * that a wrong password fails. Whoever has a practice is asked which organization to enter, and enters the home. Asked through the official SDK.
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
      const home = (await workos.organizations.getOrganizationByExternalId(person.id).catch(() => undefined))?.id;
      const asked = { workos, clientId, email, totpSecret, home };
      const wrong = await signIn(asked, `${password}x`);
      if (wrong === "in") offenders.push(`${person.id}: signs in with a wrong password`);
      const right = await signIn(asked, password);
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

interface Asked {
  workos: WorkOS;
  clientId: string;
  email: string;
  totpSecret: string | undefined;
  /** WorkOS id of the person's home. */
  home: string | undefined;
}

type Answer = "in" | "refused" | "no factor asked" | "no answer";

/** A person with an unverified address is asked to verify it only after the right password (and the right code). */
async function signIn(asked: Asked, password: string): Promise<Answer> {
  const { workos, clientId, email, totpSecret } = asked;
  try {
    await workos.userManagement.authenticateWithPassword({ clientId, email, password });
    return totpSecret === undefined ? "in" : "no factor asked";
  } catch (error) {
    const { rawData } = error as AuthenticationException;
    const reason = reasonOf(error);
    if (reason === "email_verification_required") return "in";
    if (reason === "mfa_challenge" && totpSecret) return answersChallenge(asked, rawData as unknown as Challenge, totpSecret);
    if (reason === SELECTION) return totpSecret === undefined ? entersHome(asked, rawData as unknown as Selection) : "no factor asked";
    return reason === "invalid_credentials" || reason === "mfa_challenge" || reason === "mfa_enrollment" ? "refused" : "no answer";
  }
}

function reasonOf(error: unknown): string | undefined {
  const { code, rawData } = error as AuthenticationException;
  return code ?? (rawData as { code?: string } | undefined)?.code;
}

const SELECTION = "organization_selection_required";

interface Selection {
  pending_authentication_token: string;
  organizations: { id: string }[];
}

/** Home and practice are offered, and no third. */
async function entersHome({ workos, clientId, home }: Asked, { pending_authentication_token, organizations }: Selection): Promise<Answer> {
  if (home === undefined || organizations.length !== 2 || !organizations.some(({ id }) => id === home)) return "refused";
  const entered = await workos.userManagement
    .authenticateWithOrganizationSelection({ clientId, organizationId: home, pendingAuthenticationToken: pending_authentication_token })
    .catch(() => undefined);
  if (entered === undefined) return "no answer";
  return entered.organizationId === home ? "in" : "refused";
}

interface Challenge {
  pending_authentication_token: string;
  authentication_factors: { id: string; type: string }[];
}

async function answersChallenge(asked: Asked, challenge: Challenge, secret: string): Promise<Answer> {
  const { workos, clientId } = asked;
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
    if (reason === SELECTION) return entersHome(asked, (error as AuthenticationException).rawData as unknown as Selection);
    return reason?.startsWith("invalid_") ? "refused" : "no answer";
  }
}
