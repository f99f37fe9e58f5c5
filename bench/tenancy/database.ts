import { freshDatabase, startPostgres, withUser } from "@rehome/sandbox";
import { addIssuer, installGuard, installRoles, syncKeys } from "@rehome/tenancy";
import pg from "pg";
import { type BenchIssuer, benchIssuer } from "../lib/issuer.ts";

export interface BenchServer {
  /** Superuser URL. */
  url: string;
  stop(): Promise<void>;
}

export interface BenchDatabase {
  issuer: BenchIssuer;
  /** Superuser. */
  owner: pg.Client;
  /** A connection as rehome_login, or as another login of this server. */
  connect(user?: string, options?: pg.ClientConfig): Promise<pg.Client>;
  url(user: string): string;
  drop(): Promise<void>;
}

/** A server whose background work does not disturb: no autovacuum, no checkpoint while measuring, everything in memory. */
export async function startServer(): Promise<BenchServer> {
  const settings = ["shared_buffers=2GB", "autovacuum=off", "checkpoint_timeout=1d", "max_wal_size=32GB", "maintenance_work_mem=512MB"];
  const server = await startPostgres({ settings });
  return { url: server.url("postgres"), stop: () => server.stop() };
}

/** An empty database with roles, the guard and one issuer; its mirror is public.memberships. */
export async function guardedDatabase(serverUrl: string): Promise<BenchDatabase> {
  const database = await freshDatabase(serverUrl);
  const connect = async (url: string, options: pg.ClientConfig = {}) => {
    // Sides take turns on one machine: a lock that one waits for is a mistake of the bench, and an error beats a run that never ends.
    const client = new pg.Client({ connectionString: url, lock_timeout: 10_000, ...options });
    client.on("error", () => {}); // a server stopped early shows in the statement that waits for it
    await client.connect();
    return client;
  };
  const owner = await connect(database.url);
  await installRoles(owner, { moverPassword: "mover", loginPassword: "login" });
  await owner.query(`
    create table public.memberships (org_id text, workos_user_id text, role_slug text not null, permissions text[] not null, status text not null,
      primary key (org_id, workos_user_id));
    create index memberships_user on public.memberships (workos_user_id);
    alter table public.memberships enable row level security;
    alter table public.memberships force row level security;
    alter table public.memberships owner to rehome_owner`);
  await installGuard(owner);
  const issuer = benchIssuer();
  await addIssuer(owner, { iss: [issuer.iss], kind: "workos", jwksUrl: "https://api.workos.com/sso/jwks/client_01BENCH" });
  await syncKeys(owner, "workos", issuer.fetch);
  return {
    issuer,
    owner,
    connect: (user = "rehome_login", options = {}) => connect(withUser(database.url, user), options),
    url: (user) => withUser(database.url, user),
    async drop() {
      await owner.end();
      await database.drop();
    },
  };
}

/** The id of an organization or user: 30 characters, as WorkOS's are. */
export const idOf = (kind: "org" | "user", number: number) => `${kind === "org" ? "org_01" : "user_1"}${String(number).padStart(24, "0")}`;

/** The same in SQL. */
export const idSql = (kind: "org" | "user", expression: string) =>
  `'${kind === "org" ? "org_01" : "user_1"}' || lpad((${expression})::text, 24, '0')`;
