import { addIssuer, type HuntOptions, type ProductRule, syncKeys } from "@rehome/tenancy";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { ClientBase } from "pg";
import { allowed } from "./allowed.ts";
import { fillHuntWorld, huntPersonas } from "./world.ts";

/** The triggers of schema tenancy: solo organizations, declared types and tiers. */
export const PRODUCT_RULES: readonly ProductRule[] = [
  { table: "organizations", trigger: "tenancy_check_organization", states: ["RO002", "RO006"] },
  { table: "memberships", trigger: "tenancy_check_membership", states: ["RO002"] },
  { table: "invitations", trigger: "tenancy_check_invitation", states: ["RO002"] },
];

const ISS = "https://hunt.test/eleva";

/**
 * Makes an empty copy of the target ready for `tenancy hunt`: fills it with the hunt's world and gives the guard an issuer whose only key is
 * made here and known to nobody else.
 *
 * @throws Error when there are rows already: the hunt's people would meet real ones
 */
export async function prepareElevaHunt(owner: ClientBase): Promise<Omit<HuntOptions, "owner">> {
  const { rows } = await owner.query<{ filled: boolean }>("select exists (select from public.organizations) as filled");
  if (rows[0]?.filled) throw new Error("This database has rows. Hunt a fresh one to which only the schema was applied.");
  await fillHuntWorld(owner);
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const kid = `hunt_${crypto.randomUUID()}`;
  await addIssuer(owner, { name: "hunt", iss: [ISS], kind: "oidc", jwksUrl: "https://hunt.test/jwks" });
  const jwk = { ...(await exportJWK(publicKey)), kid, use: "sig", alg: "RS256" };
  await syncKeys(owner, "hunt", async () => Response.json({ keys: [jwk] }));
  const personas = await huntPersonas(async (user, org, lifetimeSeconds = 300) => {
    const now = Math.floor(Date.now() / 1000);
    return await new SignJWT({ sid: `session_${user}`, ...(org === null ? {} : { org_id: org }) })
      .setProtectedHeader({ alg: "RS256", kid })
      .setIssuer(ISS)
      .setSubject(user)
      .setJti(crypto.randomUUID())
      .setIssuedAt(Math.min(now, now + lifetimeSeconds - 60))
      .setExpirationTime(now + lifetimeSeconds)
      .sign(privateKey);
  });
  return { personas, oracle: allowed, productRules: PRODUCT_RULES };
}
