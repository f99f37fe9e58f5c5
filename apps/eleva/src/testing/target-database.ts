import { freshDatabase, withUser } from "@rehome/sandbox";
import { addIssuer, createTenancy, installGuard, installRoles, syncKeys, type Tenancy } from "@rehome/tenancy";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import pg from "pg";
import { type AppliedSchema, applyTargetSchema } from "../schema/apply.ts";

const ISS = "https://api.workos.com/user_management/client_01TEST";

export interface TargetDatabase {
  url: string;
  /** Superuser. */
  owner: pg.Client;
  tenancy: Tenancy;
  applied: AppliedSchema;
  /** A signed token as WorkOS gives it; `org` null leaves the organization out. */
  token(user: string, org: string | null, lifetimeSeconds?: number): Promise<string>;
  drop(): Promise<void>;
}

/** A database with roles, guard, one issuer and the whole target schema. */
export async function targetDatabase(): Promise<TargetDatabase> {
  const database = await freshDatabase();
  const owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  await installRoles(owner, { moverPassword: "mover", loginPassword: "login" });
  await installGuard(owner);
  const applied = await applyTargetSchema(owner);
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "test-key", use: "sig", alg: "RS256" };
  await addIssuer(owner, { iss: [ISS], kind: "workos", jwksUrl: "https://api.workos.com/sso/jwks/client_01TEST" });
  await syncKeys(owner, "workos", async () => Response.json({ keys: [jwk] }));
  const pool = new pg.Pool({ connectionString: withUser(database.url, "rehome_login", "login"), max: 4 });
  return {
    url: database.url,
    owner,
    applied,
    tenancy: createTenancy({ pool }),
    token: (user, org, lifetimeSeconds = 300) => {
      const now = Math.floor(Date.now() / 1000);
      const claims = { sid: `session_${user}`, jti: crypto.randomUUID(), role: "owner", ...(org === null ? {} : { org_id: org }) };
      return new SignJWT(claims)
        .setProtectedHeader({ alg: "RS256", kid: jwk.kid })
        .setIssuer(ISS)
        .setSubject(user)
        .setIssuedAt(lifetimeSeconds > 0 ? now : now - 600)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(privateKey);
    },
    async drop() {
      await pool.end();
      await owner.end();
      await database.drop();
    },
  };
}
