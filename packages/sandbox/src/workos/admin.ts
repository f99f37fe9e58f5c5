import type { Hono } from "hono";
import { addAdminDoor } from "../twin/admin-door.ts";
import type { Counters } from "../twin/counters.ts";
import type { Faults } from "../twin/faults.ts";
import { type Body, optionalFlag, optionalText, readBody, requiredText } from "./body.ts";
import { ApiError, unprocessable } from "./errors.ts";
import { findOrganization } from "./organizations.ts";
import type { SignInAttempt, SignIns } from "./signin.ts";
import type { Environment, Session, User } from "./state.ts";
import type { Signer } from "./tokens.ts";
import { findUser } from "./users.ts";
import { factorWire, membershipWire, organizationWire, permissionWire, roleWire, userWire } from "./wire.ts";

interface Parts {
  adminToken: string;
  environment: Environment;
  signIns: SignIns;
  signer: Signer;
  faults: Faults;
  counters: Counters;
}

/** What no WorkOS customer can do: arm faults, sign anything, look inside. Every route needs `x-twin-admin`. */
export function addAdminRoutes(app: Hono, parts: Parts): void {
  const { adminToken, environment, signIns, signer, faults, counters } = parts;

  addAdminDoor(app, {
    adminToken,
    faults,
    refuse: () => new ApiError(401, { message: "The header x-twin-admin is missing or wrong." }),
    invalid: unprocessable,
  });

  app.post("/__twin/sessions", async (c) => c.json(await signIns.reply(signInWithGoogle(await readBody(c), environment, signIns))));

  app.post("/__twin/sign", async (c) => {
    const body = await readBody(c);
    return c.json({ token: await signer.signExactly(readObject(body, "claims"), readObject(body, "header", {})) });
  });

  app.post("/__twin/keys/rotate", async (c) => {
    const retireOld = optionalFlag(await readBody(c), "retire_old") ?? false;
    return c.json({ kid: await signer.rotate(retireOld) });
  });

  app.get("/__twin/counters", (c) => c.json({ requests: counters.byRoute, tooManyRequests: counters.byStatus["429"] ?? 0 }));

  app.get("/__twin/codes/:userId", (c) => {
    const verification = environment.emailVerificationByUser.get(c.req.param("userId"));
    if (!verification) throw new ApiError(404, { message: "No verification code has been made for this user." });
    return c.json({ code: verification.code, email_verification_id: verification.id, expires_at: verification.expires_at });
  });

  app.get("/__twin/state", (c) =>
    c.json({
      users: environment.users.all().map((user) => ({ ...userWire(user), password: passwordKind(user) })),
      organizations: environment.organizations.all().map(organizationWire),
      memberships: environment.memberships.all().map((membership) => membershipWire(environment, membership)),
      factors: environment.factors.all().map(factorWire),
      roles: [...environment.roles.values()].map(roleWire),
      permissions: [...environment.permissions.values()].map(permissionWire),
    }),
  );
}

function passwordKind(user: User): string | null {
  return user.password?.type ?? null;
}

/**
 * Stands in for a sign-in with Google.
 *
 * Goes through the usual steps, accepts an invitation that is named, unless an organization is named, which must be an active membership; `force` asks for nothing at all:
 * it signs for a suspended member too, as a token given before the suspension would still stand.
 */
function signInWithGoogle(body: Body, environment: Environment, signIns: SignIns): Session {
  const user = findUser(environment, requiredText(body, "user_id"));
  const organizationId = optionalText(body, "organization_id") ?? undefined;
  const attempt: SignInAttempt = {
    user,
    method: "GoogleOAuth",
    ipAddress: null,
    userAgent: null,
    factorPassed: false,
    invitationToken: optionalText(body, "invitation_token") ?? undefined,
    organizationId,
  };
  if (organizationId !== undefined) findOrganization(environment, organizationId);
  if (optionalFlag(body, "force")) {
    return signIns.open(attempt, organizationId ?? environment.membershipsByUser.of(user.id)[0]?.organization_id);
  }
  if (organizationId !== undefined) signIns.requireMember(user.id, organizationId);
  return signIns.proceed(attempt);
}

function readObject(body: Body, field: string, otherwise?: Record<string, unknown>): Record<string, unknown> {
  const value = body[field] ?? otherwise;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unprocessable(field, "must be an object");
  return value as Record<string, unknown>;
}
