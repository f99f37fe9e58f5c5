import { addIssuer, syncKeys } from "@rehome/tenancy";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { ClientBase } from "pg";

const ISS = "https://api.workos.com/user_management/client_01EXAMPLE";

/**
 * Stands for WorkOS, with a key of its own: tokens in the shape of real ones. In production the keys come from `jwksUrl`, read by a job
 * that calls syncKeys; nothing but that address is needed.
 */
export async function addExampleIssuer(
  client: ClientBase,
): Promise<(user: string, org: string, lifetimeSeconds?: number) => Promise<string>> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const kid = `example_${crypto.randomUUID()}`;
  const jwk = { ...(await exportJWK(publicKey)), kid, use: "sig", alg: "RS256" };
  await addIssuer(client, { iss: [ISS], kind: "workos", jwksUrl: "https://api.workos.com/sso/jwks/client_01EXAMPLE" });
  await syncKeys(client, "workos", async () => Response.json({ keys: [jwk] }));
  return async (user, org, lifetimeSeconds = 300) => {
    const now = Math.floor(Date.now() / 1000);
    return await new SignJWT({ sid: `session_${user}`, org_id: org })
      .setProtectedHeader({ alg: "RS256", kid })
      .setIssuer(ISS)
      .setSubject(user)
      .setJti(crypto.randomUUID())
      .setIssuedAt(Math.min(now, now + lifetimeSeconds - 60))
      .setExpirationTime(now + lifetimeSeconds)
      .sign(privateKey);
  };
}
