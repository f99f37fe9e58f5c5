import { generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import { calculateJwkThumbprint, exportJWK, type JWK, SignJWT } from "jose";
import { newSecret, ulid } from "./ids.ts";
import type { TwinSettings } from "./options.ts";
import type { Environment, Session } from "./state.ts";

interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  published: JWK;
}

const signAsync = promisify<string, Buffer, KeyObject, Buffer>(sign);
const makeKeyPair = promisify(generateKeyPair);

/** The keys of one environment. The newest signs; older ones stay published until they are retired. */
export class Signer {
  #newest: SigningKey;
  #older: SigningKey[] = [];

  private constructor(first: SigningKey) {
    this.#newest = first;
  }

  static async create(): Promise<Signer> {
    return new Signer(await newKey());
  }

  /** Makes a new signing key; with `retireOld` the earlier ones leave the JWKS at once. */
  async rotate(retireOld = false): Promise<string> {
    const key = await newKey();
    this.#older = retireOld ? [] : [this.#newest, ...this.#older];
    this.#newest = key;
    return key.kid;
  }

  jwks(): { keys: JWK[] } {
    return { keys: [this.#newest, ...this.#older].map((key) => key.published) };
  }

  async signClaims(claims: Record<string, unknown>): Promise<string> {
    const key = this.#newest;
    return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: key.kid }).sign(key.privateKey);
  }

  /** Signs exactly these claims under exactly this header, even one that lies about its algorithm: for tests of those who verify. */
  async signExactly(claims: Record<string, unknown>, header: Record<string, unknown>): Promise<string> {
    const key = this.#newest;
    const parts = [{ alg: "RS256", kid: key.kid, ...header }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    const signature = await signAsync("sha256", Buffer.from(parts.join(".")), key.privateKey);
    return `${parts.join(".")}.${signature.toString("base64url")}`;
  }
}

async function newKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await makeKeyPair("rsa", { modulusLength: 2048 });
  const kid = `sso_oidc_key_pair_${ulid()}`;
  const jwk = await exportJWK(publicKey);
  // No certificate is made here: x5c is empty and its thumbprint is the key's own.
  const thumbprint = await calculateJwkThumbprint(jwk, "sha256");
  return { kid, privateKey, published: { ...jwk, alg: "RS256", use: "sig", kid, x5c: [], "x5t#S256": thumbprint } };
}

/**
 * The claims of an access token as FACTS of the service describe them: no `aud`, no `client_id`, a text `jti`, nothing empty.
 *
 * Role and permissions are those of the membership now, so a refreshed token shows a changed role.
 */
export function accessClaims(environment: Environment, settings: TwinSettings, session: Session): Record<string, unknown> {
  const membership = environment.membershipsByUser.of(session.user_id).find((one) => one.organization_id === session.organization_id);
  const roles = membership?.role_slugs ?? [];
  const permissions = [...new Set(roles.flatMap((slug) => environment.roles.get(slug)?.permissions ?? []))];
  const now = Math.floor(Date.now() / 1_000);
  return {
    iss: settings.issuer,
    ...(settings.audience === undefined ? {} : { aud: settings.audience }),
    ...(settings.withClientId ? { client_id: settings.clientId } : {}),
    sub: session.user_id,
    sid: session.id,
    auth_time: Math.floor(session.authenticated_at / 1_000),
    ...(session.impersonator === undefined ? {} : { act: { sub: session.impersonator.email } }),
    jti: ulid(),
    ...(session.organization_id === undefined ? {} : { org_id: session.organization_id }),
    ...(roles.length === 0 ? {} : { role: roles[0], roles }),
    ...(permissions.length === 0 ? {} : { permissions }),
    exp: now + settings.tokenLifetimeSeconds,
    iat: now,
  };
}

/** Refresh tokens: single use. A used one is remembered, so that its reuse is told from an unknown one. */
export class RefreshTokens {
  readonly #sessionByToken = new Map<string, { session: Session; used: boolean }>();

  issue(session: Session): string {
    const token = newSecret(32);
    this.#sessionByToken.set(token, { session, used: false });
    return token;
  }

  find(token: string): { session: Session; used: boolean } | undefined {
    return this.#sessionByToken.get(token);
  }

  markUsed(token: string): void {
    const found = this.#sessionByToken.get(token);
    if (found) found.used = true;
  }
}
