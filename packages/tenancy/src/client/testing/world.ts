import { withUser } from "@rehome/sandbox";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import pg from "pg";
import { installRoles } from "../../install/roles.ts";
import { type GuardedDatabase, guardedDatabase } from "../../testing/guarded-database.ts";

/** The table of the guarded database, for Drizzle. */
export const note = pgTable("note", { id: integer().primaryKey(), orgId: text("org_id").notNull(), body: text().notNull() });

export interface ClientWorld extends GuardedDatabase {
  /** The address of rehome_worker, which may become rehome_job_client_test. */
  workerUrl: string;
  /** Tokens of the two people, each alone in an organization. */
  a(over?: Record<string, unknown>): string;
  b(over?: Record<string, unknown>): string;
  /** Makes every ticket that was given worthless. */
  killTickets(): Promise<void>;
}

/** A guarded database with a job, which may read the notes of org_01B, a table for all and a serial one. */
export async function clientWorld(): Promise<ClientWorld> {
  const database = await guardedDatabase();
  const { owner, issuer } = database;
  await installRoles(owner, { moverPassword: "mover", loginPassword: "login", workerPassword: "worker", jobs: ["client_test"] });
  await owner.query(PRODUCT);
  return {
    ...database,
    workerUrl: withUser(database.url, "rehome_worker"),
    a: (over) => issuer.token(over),
    b: (over) => issuer.token({ sub: "user_01B", org_id: "org_01B", sid: "session_01B", ...over }),
    async killTickets() {
      await owner.query("select auth.rotate_seal_key(true)");
    },
  };
}

/** A pool whose connections may be ended by a test. */
export function quietPool(config: pg.PoolConfig & { pipeline?: boolean }): pg.Pool {
  const pool = new pg.Pool(config);
  pool.on("error", () => {});
  return pool;
}

const PRODUCT = `
  create table public.category (id int); insert into category values (1); grant select on category to authenticated, anonymous;
  alter table note add constraint note_body_short check (length(body) < 60);
  grant usage on schema public to rehome_job_client_test; grant select on note to rehome_job_client_test;
  create policy job on note for select to rehome_job_client_test using (org_id = 'org_01B');
  create table public.ticked (id bigint generated always as identity, org_id text default auth.org_id());
  alter table ticked owner to rehome_owner; grant insert, select on ticked to authenticated; grant usage on sequence ticked_id_seq to authenticated`;
