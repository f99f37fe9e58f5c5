import type { ClientBase } from "pg";
import { TenancyError } from "../errors.ts";
import { installing } from "./installing.ts";
import { inSchema } from "./sql-text.ts";

export interface Issuer {
  /** Name of its row in auth.issuer; the kind when omitted. */
  name?: string;
  /** Every spelling of `iss` its tokens use. WorkOS has several: see docs/security.md. */
  iss: readonly string[];
  /**
   * `workos` allows `act` (impersonation), which then shows in auth.session(). `clerk` is the old issuer during a move: its `sub` is looked up
   * in the identity map (see mapIdentities), organization, role and permissions come from there and from the mirror.
   */
  kind: "workos" | "oidc" | "clerk";
  /** Origins a Clerk token may have been issued to (claim `azp`); required for kind `clerk`, and for it only. */
  azp?: readonly string[];
  /** The only address its keys are read from. */
  jwksUrl: string;
  /** Clock tolerance; default 5, at most 60. */
  leewaySeconds?: number;
  /** Cap on `exp - iat`; default 3600 (clerk: 300, its session tokens live 60 s), at most 86400. */
  maxLifetimeSeconds?: number;
  /** When set, `aud` must name it. Leave it out for WorkOS: its tokens carry no `aud`. */
  audience?: string;
}

/** Where the guard lives, when it is not schema `auth`. */
export interface InSchema {
  schema?: string;
}

/**
 * Writes an issuer, or changes the one of that name; spellings no longer listed go. Its keys stay, tickets given for its tokens go,
 * and one that was disabled stays so. Returns its name, for syncKeys.
 *
 * The caller owns schema auth (the installer). One transaction.
 *
 * @throws TenancyError install_refused when a value is out of bounds, another issuer has the same spelling, or the caller lacks the right
 */
export async function addIssuer(client: ClientBase, issuer: Issuer, { schema }: InSchema = {}): Promise<string> {
  const name = issuer.name ?? issuer.kind;
  const lifetime = issuer.maxLifetimeSeconds ?? (issuer.kind === "clerk" ? 300 : 3600);
  const azp = issuer.azp ?? null;
  const values = [name, issuer.kind, issuer.jwksUrl, issuer.audience ?? null, issuer.leewaySeconds ?? 5, lifetime, azp];
  if (issuer.iss.length === 0) throw refused(name, "it has no spelling of iss");
  if (!URL.canParse(issuer.jwksUrl)) throw refused(name, "jwksUrl is no address");
  if ((issuer.kind === "clerk") !== (azp !== null && azp.length > 0)) throw refused(name, "azp belongs to kind clerk, and to no other");
  // A variable of the environment that is not set: an unknown origin must not become every origin.
  if (azp?.some((origin) => typeof origin !== "string" || origin === "")) throw refused(name, "an origin of azp is empty");
  const query = (text: string, params?: unknown[]) => client.query(inSchema(text, schema), params);
  return await installing("addIssuer", async () => {
    await client.query("begin");
    try {
      await query(
        `insert into auth.issuer as i (name, kind, jwks_url, audience, leeway_s, max_lifetime_s, azp) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (name) do update set kind = excluded.kind, jwks_url = excluded.jwks_url, audience = excluded.audience,
           leeway_s = excluded.leeway_s, max_lifetime_s = excluded.max_lifetime_s, azp = excluded.azp, revision = i.revision + 1`,
        values,
      );
      await query("delete from auth.issuer_iss where issuer = $1 and iss <> all ($2::text[])", [name, issuer.iss]);
      const { rows } = await query(
        `insert into auth.issuer_iss as s (iss, issuer) select distinct iss, $1 from unnest($2::text[]) iss
         on conflict (iss) do update set issuer = s.issuer returning issuer`,
        [name, issuer.iss],
      );
      if ((rows as { issuer: string }[]).some((row) => row.issuer !== name))
        throw refused(name, "another issuer has the same spelling of iss");
      await client.query("commit");
      return name;
    } catch (error) {
      await client.query("rollback");
      if ((error as { code?: string }).code === "23514") throw refused(name, "a value is out of bounds");
      throw error;
    }
  });
}

/**
 * Refuses tokens and tickets of an issuer from the next statement on; what `finish` does with the old one. Transactions that have an identity
 * already keep it until they end or the token expires. Run as rehome_mover or the installer.
 *
 * @returns whether there is such an issuer
 * @throws TenancyError install_refused when the caller lacks the right
 */
export async function disableIssuer(client: ClientBase, name: string, { schema }: InSchema = {}): Promise<boolean> {
  const statement = inSchema("select auth.disable_issuer($1) as found", schema);
  const { rows } = await installing("disableIssuer", () => client.query<{ found: boolean }>(statement, [name]));
  return rows[0]?.found === true;
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
