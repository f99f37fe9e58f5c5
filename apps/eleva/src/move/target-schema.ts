import { addIssuer, installGuard, installRoles, syncKeys } from "@rehome/tenancy";
import type { ClientBase } from "pg";
import { applyTargetSchema } from "../schema/apply.ts";

export interface TargetSchemaOptions {
  /** URLs whose passwords the three login roles get: the mover's, the product's, its background jobs'. */
  moverUrl: string;
  loginUrl: string;
  workerUrl: string;
  workosClientId: string;
  /** Base address of WorkOS, such as `https://api.workos.com`; signing keys are read from there. */
  workosUrl: string;
}

const JOBS = ["booking", "payments", "sync", "admin", "setup", "identity", "claim", "deletion"];

/** Roles, guard, tables, policies, and WorkOS as the one issuer whose tokens count. May be run again. */
export async function installTarget(owner: ClientBase, options: TargetSchemaOptions): Promise<void> {
  await installRoles(owner, {
    moverPassword: passwordOf(options.moverUrl),
    loginPassword: passwordOf(options.loginUrl),
    workerPassword: passwordOf(options.workerUrl),
    jobs: JOBS,
  });
  await installGuard(owner);
  await applyTargetSchema(owner);
  await installGuard(owner); // the mirror of memberships exists now
  // WorkOS writes `iss` in several ways: older environments the bare address, newer ones with the client id.
  const iss = ["https://api.workos.com", `https://api.workos.com/user_management/${options.workosClientId}`];
  const issuer = await addIssuer(owner, {
    name: "workos",
    iss,
    kind: "workos",
    jwksUrl: `${options.workosUrl}/sso/jwks/${options.workosClientId}`,
  });
  await syncKeys(owner, issuer);
}

const passwordOf = (url: string): string => decodeURIComponent(new URL(url).password);
