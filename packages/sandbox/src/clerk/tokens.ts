import { randomUUID } from "node:crypto";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import type { ClerkState, MembershipRecord, SessionRecord } from "./state.ts";
import { type UserRecord, userWire } from "./user.ts";

const LIFETIME_SECONDS = 60;
const ROLE_PERMISSIONS: Record<string, readonly string[]> = {
  "org:admin": ["org:sys_profile:manage", "org:sys_memberships:read", "org:sys_memberships:manage"],
  "org:member": ["org:sys_memberships:read"],
};

interface TokenOptions {
  issuer: () => string;
  /** Origin the token was issued to; claim `azp`. */
  authorizedParty: string;
  /** Custom claims of the session token; values may be `{{user.public_metadata}}` and the like, as in Clerk's Dashboard. */
  sessionClaims: Readonly<Record<string, unknown>>;
}

export interface SessionTokens {
  jwks: { keys: JWK[] };
  /** The public key as the Dashboard shows it, for verification without network. */
  publicPem: string;
  /** A signed session token, version 2, RS256, 60 s unless told. */
  sign(session: SessionRecord, user: UserRecord, lifetimeSeconds?: number): Promise<string>;
}

export async function createSessionTokens(state: ClerkState, options: TokenOptions): Promise<SessionTokens> {
  const { publicKey, privateKey } = await generateKeyPair("RS256", {
    extractable: true,
  });
  const kid = `ins_2${randomUUID().replaceAll("-", "").slice(0, 26)}`;
  const jwk = {
    ...(await exportJWK(publicKey)),
    use: "sig",
    kid,
    alg: "RS256",
  };
  return {
    jwks: { keys: [jwk] },
    publicPem: await exportSPKI(publicKey),
    sign: (session, user, lifetimeSeconds = LIFETIME_SECONDS) => {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        azp: options.authorizedParty,
        fva: [0, -1],
        sid: session.id,
        v: 2,
        ...organizationClaim(state, session),
        ...fill(options.sessionClaims, user),
      };
      return new SignJWT(claims)
        .setProtectedHeader({
          alg: "RS256",
          kid,
          typ: "JWT",
          cat: "cl_B7d4PD111AAA",
        })
        .setIssuer(options.issuer())
        .setSubject(user.id)
        .setJti(randomUUID().replaceAll("-", "").slice(0, 20))
        .setIssuedAt(now)
        .setNotBefore(now - 10)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(privateKey);
    },
  };
}

/** Claim `o` of the active organization: the role without `org:`, permissions by feature as numbers whose bits name them; plus `fea`. */
function organizationClaim(state: ClerkState, session: SessionRecord): Record<string, unknown> {
  if (!session.organizationId) return {};
  const organization = state.organizations.get(session.organizationId);
  const membership = [...state.memberships.values()].find(
    (one) => one.organizationId === session.organizationId && one.userId === session.userId,
  );
  if (!organization || !membership) return {};
  const pairs = permissionsOf(membership).map((permission) => permission.split(":").slice(1) as [string, string]);
  const features = [...new Set(pairs.map(([feature]) => feature))];
  const names = [...new Set(pairs.map(([, name]) => name))];
  const bits = features.map((feature) =>
    pairs.filter(([of]) => of === feature).reduce((sum, [, name]) => sum + 2 ** names.indexOf(name), 0),
  );
  return {
    o: {
      id: organization.id,
      slg: organization.slug,
      rol: membership.role.replace(/^org:/, ""),
      per: names.join(","),
      fpm: bits.join(","),
    },
    fea: features.map((feature) => `o:${feature}`).join(","),
  };
}

export function permissionsOf(membership: MembershipRecord): readonly string[] {
  return ROLE_PERMISSIONS[membership.role] ?? [];
}

function fill(value: unknown, user: UserRecord): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value as Record<string, unknown>).map(([name, one]) => [name, fillValue(one, user)]));
}

function fillValue(value: unknown, user: UserRecord): unknown {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return fill(value, user);
  const shortcode = typeof value === "string" ? /^\{\{user\.([\w.]+)\}\}$/.exec(value)?.[1] : undefined;
  if (!shortcode) return value;
  return shortcode
    .split(".")
    .reduce<unknown>(
      (at, key) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined),
      userWire(user),
    );
}
