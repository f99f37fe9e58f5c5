import { generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";

export const ISS = "https://api.workos.com/user_management/client_01TEST";

/** A signing key and the tokens it signs, in the shape of real WorkOS tokens: no `aud`, no `client_id`. */
export function makeIssuer({ bits = 2048, kid = `sso_oidc_key_pair_${randomUUID()}`, iss = ISS } = {}) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const { n, e } = publicKey.export({ format: "jwk" });
  const claims = (over: Record<string, unknown> = {}) => {
    const now = Math.floor(Date.now() / 1000);
    return {
      iss,
      sub: "user_01A",
      sid: "session_01A",
      jti: randomUUID(),
      org_id: "org_01A",
      role: "admin", // the mirror says member: the token's word must not count
      roles: ["admin"],
      permissions: ["everything"],
      exp: now + 300,
      iat: now,
      ...over,
    };
  };
  const raw = (header: unknown, payload: unknown, key: KeyObject = privateKey) => signText(`${part(header)}.${part(payload)}`, key);
  return {
    kid,
    publicKey,
    privateKey,
    jwk: { kty: "RSA", use: "sig", alg: "RS256", kid, n: n ?? "", e: e ?? "" },
    claims,
    raw,
    token: (over?: Record<string, unknown>) => raw({ alg: "RS256", typ: "JWT", kid }, claims(over)),
  };
}

export type TestIssuer = ReturnType<typeof makeIssuer>;

/** Base64url of JSON, or of the very text or bytes. */
export function part(content: unknown): string {
  const bytes = typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content);
  return Buffer.from(bytes as string).toString("base64url");
}

export function signText(message: string, key: KeyObject): string {
  return `${message}.${sign("sha256", Buffer.from(message), key).toString("base64url")}`;
}
