import { freshDatabase, withUser } from "@rehome/sandbox";
import pg from "pg";
import { addIssuer, installGuard, installRoles, syncKeys } from "../index.ts";
import { ISS, makeIssuer, type TestIssuer } from "./issuer.ts";

const PRODUCT = `
  create table public.memberships (
    id text not null default 'om_' || gen_random_uuid(), org_id text, workos_user_id text, role_slug text not null, permissions text[] not null,
    status text not null, primary key (org_id, workos_user_id));
  create table public.note (id int primary key, org_id text not null, body text);
  insert into public.note select g, 'org_01' || (array['A','B'])[1 + g % 2], 'secret ' || g from generate_series(1, 1000) g;
  alter table public.memberships enable row level security;
  alter table public.memberships force row level security;
  alter table public.note enable row level security;
  alter table public.note force row level security;
  create policy own on public.memberships for select to authenticated using (workos_user_id = (select auth.user_id()));
  create policy org on public.note to authenticated using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));
  grant select on public.memberships to authenticated;
  grant select, insert, update, delete on public.note to authenticated;
  alter table public.note owner to rehome_owner;
  alter table public.memberships owner to rehome_owner;
  alter table public.note set (parallel_workers = 2);
  analyze public.note`;

export interface GuardedDatabase {
  url: string;
  /** Superuser. */
  owner: pg.Client;
  issuer: TestIssuer;
  /** The address of rehome_login. */
  loginUrl: string;
  connect(): Promise<Attacker>;
  /** One more connection of a superuser. */
  superuser(): Promise<pg.Client>;
  drop(): Promise<void>;
}

/** A database with roles, guard, one WorkOS issuer, a mirror and a guarded table `note` (500 rows each of org_01A and org_01B). @param serverUrl a superuser's; the shared server when omitted */
export async function guardedDatabase(serverUrl?: string): Promise<GuardedDatabase> {
  const database = await freshDatabase(serverUrl);
  const owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  await installRoles(owner, { moverPassword: "mover", loginPassword: "login" });
  await installGuard(owner);
  await owner.query(PRODUCT);
  await installGuard(owner); // now the mirror exists
  const issuer = makeIssuer();
  await addIssuer(owner, { iss: [ISS], kind: "workos", jwksUrl: "https://api.workos.com/sso/jwks/client_01TEST" });
  await syncKeys(owner, "workos", publishing([issuer.jwk]));
  await owner.query(`insert into public.memberships (org_id, workos_user_id, role_slug, permissions, status)
    select 'org_01' || x, 'user_01' || x, 'member', '{notes:read}', 'active' from unnest('{A,B}'::text[]) x`);
  const opened: { client: pg.Client }[] = [];
  return {
    url: database.url,
    owner,
    issuer,
    loginUrl: withUser(database.url, "rehome_login"),
    async connect() {
      const attacker = await attack(withUser(database.url, "rehome_login"));
      opened.push(attacker);
      return attacker;
    },
    async superuser() {
      const client = new pg.Client({ connectionString: database.url });
      client.on("error", () => {});
      await client.connect();
      opened.push({ client });
      return client;
    },
    async drop() {
      await Promise.all(opened.map((attacker) => attacker.client.end().catch(() => {})));
      await owner.end();
      await database.drop();
    },
  };
}

/** Answers like a JWKS address. */
export function publishing(keys: readonly unknown[]): typeof fetch {
  return async () => Response.json({ keys });
}

export type Answer = string | number | boolean | null | object | undefined;

/** A raw connection as the application's login, with arbitrary SQL. */
export interface Attacker {
  client: pg.Client;
  /** First column of the first row of the last statement; the row count where there is none; the SQLSTATE when it failed. */
  q(text: string, params?: unknown[]): Promise<Answer>;
  /** Binds a token; undefined or the SQLSTATE. */
  init(token: string | null): Promise<Answer>;
  /** Binds a ticket; undefined or the SQLSTATE. */
  ticket(ticket: Answer): Promise<Answer>;
  /** In a transaction as `authenticated`, rolled back in the end. */
  tx<T>(work: () => Promise<T>, role?: string): Promise<T>;
}

async function attack(url: string): Promise<Attacker> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  const q = async (text: string, params?: unknown[]): Promise<Answer> => {
    try {
      const result = await client.query(text, params);
      const last = Array.isArray(result) ? result.at(-1) : result;
      return last.rows[0] ? (Object.values(last.rows[0] as object)[0] as Answer) : (last.rowCount ?? undefined);
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  };
  return {
    client,
    q,
    init: async (token) => {
      const answer = await q("select auth.jwt_session_init($1)", [token]);
      return answer === "" ? undefined : answer; // a void function's column is empty text
    },
    ticket: async (ticket) => {
      const answer = await q("select auth.ticket_session_init($1)", [ticket]);
      return answer === "" ? undefined : answer;
    },
    async tx(work, role = "authenticated") {
      await client.query(`begin; set local role ${role}`);
      try {
        return await work();
      } finally {
        await client.query("rollback").catch(() => {});
      }
    },
  };
}
