import { generateKeyPairSync, randomUUID, sign } from "node:crypto";

const ISS = "https://api.workos.com/user_management/client_01BENCH";

export interface BenchIssuer {
  iss: string;
  /** Answers like its JWKS address. */
  fetch: typeof fetch;
  claims(user: string, organization: string): Record<string, unknown>;
  /** A new token, RS256 with 2048 bits as WorkOS signs them. */
  token(user: string, organization: string): string;
}

/** A signing key and tokens of the size and shape of WorkOS's. */
export function benchIssuer(): BenchIssuer {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const kid = `sso_oidc_key_pair_${randomUUID()}`;
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };
  const claims = (user: string, organization: string) => {
    const now = Math.floor(Date.now() / 1000);
    return {
      iss: ISS,
      sub: user,
      sid: `session_${user}`,
      jti: randomUUID(),
      org_id: organization,
      role: "member",
      roles: ["member"],
      permissions: ["meetings:read", "meetings:write"],
      exp: now + 300,
      iat: now,
    };
  };
  return {
    iss: ISS,
    fetch: async () => Response.json({ keys: [jwk] }),
    claims,
    token(user, organization) {
      const text = [{ alg: "RS256", typ: "JWT", kid }, claims(user, organization)].map((part) => base64url(JSON.stringify(part))).join(".");
      return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
    },
  };
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
