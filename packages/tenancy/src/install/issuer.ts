import type { ClientBase } from "pg";
import { TenancyError } from "../errors.ts";

export interface Issuer {
  /** Name of its row in auth.issuer; the kind when omitted. */
  name?: string;
  /** Every spelling of `iss` its tokens use. WorkOS has several: see docs/security.md. */
  iss: readonly string[];
  /** `workos` allows `act` (impersonation), which then shows in auth.session(). */
  kind: "workos" | "oidc";
  /** The only address its keys are read from. */
  jwksUrl: string;
  /** Clock tolerance; default 5, at most 60. */
  leewaySeconds?: number;
  /** Cap on `exp - iat`; default 3600, at most 86400. */
  maxLifetimeSeconds?: number;
  /** When set, `aud` must name it. Leave it out for WorkOS: its tokens carry no `aud`. */
  audience?: string;
}

/**
 * Writes an issuer, or changes the one of that name; spellings no longer listed go. Its keys stay. Returns its name, for syncKeys.
 *
 * The caller owns schema auth (the installer). One transaction.
 *
 * @throws TenancyError install_refused when a value is out of bounds or another issuer has the same spelling
 */
export async function addIssuer(client: ClientBase, issuer: Issuer): Promise<string> {
  const name = issuer.name ?? issuer.kind;
  const values = [name, issuer.kind, issuer.jwksUrl, issuer.audience ?? null, issuer.leewaySeconds ?? 5, issuer.maxLifetimeSeconds ?? 3600];
  if (issuer.iss.length === 0) throw refused(name, "it has no spelling of iss");
  if (!URL.canParse(issuer.jwksUrl)) throw refused(name, "jwksUrl is no address");
  await client.query("begin");
  try {
    await client.query(
      `insert into auth.issuer (name, kind, jwks_url, audience, leeway_s, max_lifetime_s) values ($1, $2, $3, $4, $5, $6)
         on conflict (name) do update set kind = excluded.kind, jwks_url = excluded.jwks_url, audience = excluded.audience,
           leeway_s = excluded.leeway_s, max_lifetime_s = excluded.max_lifetime_s`,
      values,
    );
    await client.query("delete from auth.issuer_iss where issuer = $1 and iss <> all ($2::text[])", [name, issuer.iss]);
    const { rows } = await client.query<{ issuer: string }>(
      `insert into auth.issuer_iss (iss, issuer) select distinct iss, $1 from unnest($2::text[]) iss
         on conflict (iss) do update set issuer = auth.issuer_iss.issuer returning issuer`,
      [name, issuer.iss],
    );
    if (rows.some((row) => row.issuer !== name)) throw refused(name, "another issuer has the same spelling of iss");
    await client.query("commit");
    return name;
  } catch (error) {
    await client.query("rollback");
    if ((error as { code?: string }).code === "23514") throw refused(name, "a value is out of bounds");
    throw error;
  }
}

function refused(name: string, why: string): TenancyError {
  return new TenancyError(
    "install_refused",
    {},
    {
      message: `Issuer ${name}: ${why}.`,
      next: "Mend it and add the issuer again; nothing was changed.",
    },
  );
}
