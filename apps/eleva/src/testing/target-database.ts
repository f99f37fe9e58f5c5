import { freshDatabase, withUser } from "@rehome/sandbox";
import { addIssuer, createTenancy, installGuard, installRoles, syncKeys, type Tenancy } from "@rehome/tenancy";
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from "jose";
import pg from "pg";
import { applyTargetSchema } from "../schema/apply.ts";

const ISS = "https://api.workos.com/user_management/client_01TEST";

export interface TargetDatabase {
  url: string;
  /** Superuser. */
  owner: pg.Client;
  tenancy: Tenancy;
  /** A signed token as WorkOS gives it; `org` null leaves the organization out. */
  token(user: string, org: string | null, lifetimeSeconds?: number): Promise<string>;
  drop(): Promise<void>;
}

export interface TargetTemplate {
  /** A database with everything in it, in about a tenth of a second. */
  copy(): Promise<TargetDatabase>;
  drop(): Promise<void>;
}

/** A database with roles and guard and nothing else. */
export async function guardedDatabase(): Promise<{ url: string; owner: pg.Client; drop(): Promise<void> }> {
  const database = await freshDatabase();
  const owner = await connect(database.url);
  await installRoles(owner, { moverPassword: "mover", loginPassword: "login" });
  await installGuard(owner);
  return {
    url: database.url,
    owner,
    async drop() {
      await owner.end();
      await database.drop();
    },
  };
}

/** Makes roles, guard, one issuer and the whole target schema once, fills it, and gives copies. */
export async function targetTemplate(fill: (superuser: pg.Client) => Promise<void> = async () => {}): Promise<TargetTemplate> {
  const database = await freshDatabase();
  const owner = await connect(database.url);
  await installRoles(owner, { moverPassword: "mover", loginPassword: "login" });
  await installGuard(owner);
  await applyTargetSchema(owner);
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "test-key", use: "sig", alg: "RS256" };
  await addIssuer(owner, { iss: [ISS], kind: "workos", jwksUrl: "https://api.workos.com/sso/jwks/client_01TEST" });
  await syncKeys(owner, "workos", async () => Response.json({ keys: [jwk] }));
  await fill(owner);
  await owner.end();
  const template = new URL(database.url).pathname.slice(1);
  return { copy: () => copy(template, privateKey), drop: () => database.drop() };
}

async function copy(template: string, privateKey: CryptoKey): Promise<TargetDatabase> {
  const database = await freshDatabase(undefined, template);
  const owner = await connect(database.url);
  const pool = new pg.Pool({ connectionString: withUser(database.url, "rehome_login", "login"), max: 2 });
  return {
    url: database.url,
    owner,
    tenancy: createTenancy({ pool }),
    token: (user, org, lifetimeSeconds = 300) => signToken(privateKey, user, org, lifetimeSeconds),
    async drop() {
      await pool.end();
      await owner.end();
      await database.drop();
    },
  };
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

function signToken(privateKey: CryptoKey, user: string, org: string | null, lifetimeSeconds: number): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ sid: `session_${user}`, jti: crypto.randomUUID(), role: "owner", ...(org === null ? {} : { org_id: org }) })
    .setProtectedHeader({ alg: "RS256", kid: "test-key" })
    .setIssuer(ISS)
    .setSubject(user)
    .setIssuedAt(lifetimeSeconds > 0 ? now : now - 600)
    .setExpirationTime(now + lifetimeSeconds)
    .sign(privateKey);
}
