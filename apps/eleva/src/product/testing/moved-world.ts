import { fileURLToPath } from "node:url";
import { generateEleva, loadLegacy, seedClerk } from "@rehome/eleva-legacy";
import { freshDatabase, startClerkTwin, startWorkosTwin, type TestDatabase, withUser } from "@rehome/sandbox";
import { installGuard, installRoles } from "@rehome/tenancy";
import pg from "pg";
import { runProgram } from "rehome";
import { targetTemplate } from "../../testing/target-database.ts";
import type { ProductConnections } from "../run-writes.ts";
import type { JobName } from "../statement.ts";

export const JOBS: readonly JobName[] = ["booking", "payments", "sync", "admin", "identity"];

export interface MovedWorld {
  now: number;
  encryptionKey: string;
  /** On the target, as the mover. */
  mover: pg.Client;
  connections: ProductConnections;
  /** As the product on a legacy database that holds the same rows and never moved. */
  twin: pg.Client;
  /** `rehome rollback`; its exit code. */
  rollBack(): Promise<number>;
  /** Every row of every table as text, on the legacy that moved and on its twin. */
  rows(side: "legacy" | "twin"): Promise<Record<string, string[]>>;
  drop(): Promise<void>;
}

/** A small Eleva Care, loaded into two legacy databases and moved from the first to a target, without WorkOS. */
export async function movedWorld(): Promise<MovedWorld> {
  const world = generateEleva({ users: 40, seed: "paired writes", hashes: "cheap" });
  const template = await targetTemplate();
  const target = await template.copy();
  const passwords = { moverPassword: "mover", loginPassword: "login", workerPassword: "worker" };
  await installRoles(target.owner, { ...passwords, jobs: JOBS });
  await installGuard(target.owner);
  const legacies = await Promise.all([freshDatabase(), freshDatabase()]);
  for (const { url } of legacies) await loadLegacy(url, world);
  const [first, second] = legacies as [TestDatabase, TestDatabase];

  const [legacy, checker] = [new pg.Client({ connectionString: first.url }), new pg.Client({ connectionString: second.url })];
  const twin = new pg.Client({ connectionString: withUser(second.url, "eleva_app") });
  const mover = new pg.Client({ connectionString: withUser(target.url, "rehome_mover", "mover") });
  for (const client of [legacy, checker, twin, mover]) await client.connect();
  // The way back tells Clerk which names people changed.
  const clerk = await startClerkTwin();
  await seedClerk(clerk.url, clerk.adminToken, world);
  const { secretKey, publishableKey, url } = clerk;
  Object.assign(process.env, { CLERK_SECRET_KEY: secretKey, CLERK_PUBLISHABLE_KEY: publishableKey, CLERK_API_URL: url });
  const workos = await startWorkosTwin(); // it knows nobody: the way back tells it of practices that the product made, and goes on
  Object.assign(process.env, { WORKOS_API_KEY: workos.apiKey, WORKOS_CLIENT_ID: workos.clientId, WORKOS_API_URL: workos.url });
  Object.assign(process.env, { ...NO_SERVICES, LEGACY_DATABASE_URL: first.url, LEGACY_AUDITLOG_DATABASE_URL: first.url });
  Object.assign(process.env, { TARGET_OWNER_URL: target.url, TARGET_MOVER_URL: withUser(target.url, "rehome_mover", "mover") });
  await rehome("schema");
  await mover.query(PEOPLE, [JSON.stringify(world.clerkUsers.map(personOf))]);
  await mover.query(ADDRESSES, [
    JSON.stringify(world.clerkUsers.flatMap((user) => user.emails.map((email) => ({ ...email, id: user.id })))),
  ]);
  await rehome("copy");
  await legacy.query("select setval('rehome.fence_state', 2)");
  await target.owner.query(SWITCH);

  return {
    now: world.now,
    encryptionKey: world.encryptionKey,
    mover,
    twin,
    connections: {
      loginUrl: withUser(target.url, "rehome_login", "login"),
      workerUrl: withUser(target.url, "rehome_worker", "worker"),
      tokenOf: (id, org) => target.token(`user_${world.clerkUsers.findIndex((user) => user.id === id)}`, org),
    },
    rollBack: () => runProgram(["--config", CONFIG, "rollback"]),
    rows: (side) => allRows(side === "legacy" ? legacy : checker),
    async drop() {
      for (const client of [legacy, checker, twin, mover]) await client.end();
      for (const database of legacies) await database.drop();
      await target.drop();
      await clerk.stop();
      await workos.stop();
      await template.drop();
    },
  };
}

async function rehome(verb: string): Promise<void> {
  const code = await runProgram(["--config", CONFIG, verb, "--json"]);
  if (code !== 0) throw new Error(`rehome ${verb} ended with ${code}.`);
}

const CONFIG = fileURLToPath(new URL("move.config.ts", import.meta.url));

/** The config wants them; the verbs used here read none. */
const NO_SERVICES = { CLERK_EXPORTS: "none.csv" };

/** What a cutover leaves, without its gate: that one asks Clerk and WorkOS. */
const SWITCH = `
update rehome.switch set side = 'target'; update rehome.move set state = 'switched'; delete from rehome.change;
select setval('rehome.fence_state', 1), setval('blocked_dates_id_seq', 1000000), setval('scheduling_settings_id_seq', 1000000),
       setval('payment_transfers_id_seq', 1000000)`;

type ClerkUser = ReturnType<typeof generateEleva>["clerkUsers"][number];

/** Every tenth stays, so that stand-ins and rows left behind exist; every fourth has a home only. */
function personOf(user: ClerkUser, index: number) {
  const primary = user.emails.find((email) => email.primary);
  return {
    ...{ id: user.id, moved: index % 10 !== 9, practice: index % 4 !== 3, n: index, username: user.username },
    ...{ email: primary?.address ?? "unknown@example.test", verified: primary?.verified ?? false },
    created: new Date(user.created_at).toISOString(),
  };
}

const PEOPLE = `
with p as (select * from json_to_recordset($1) p(id text, moved boolean, practice boolean, n int, username text, email text, verified boolean, created timestamptz)),
     d as (insert into rehome.disposition (legacy_user_id, disposition, reason) select id, case when moved then 'move' else 'exclude' end, 'test' from p)
insert into rehome.identity (legacy_user_id, moved, workos_user_id, workos_organization_id, workos_membership_id, email, email_verified, username,
                             organization_type, organization_name, practice_type, practice_name, workos_practice_id, workos_practice_membership_id,
                             roles, clerk_created_at, clerk_updated_at)
select id, moved, case when moved then 'user_' || n end, case when moved then 'org_' || n end, case when moved then 'om_' || n end, email, verified, username,
       'patient_personal', 'Home', case when practice then 'expert_individual' end, case when practice then 'Practice' end,
       case when moved and practice then 'org_practice_' || n end, case when moved and practice then 'om_practice_' || n end, '{user}', created, created from p`;

const ADDRESSES = `
insert into rehome.address (legacy_user_id, email, email_key, verified, is_primary)
select distinct on (id, address) id, address, rehome.email_key(address), verified, "primary"
  from json_to_recordset($1) a(id text, address text, verified boolean, "primary" boolean) order by id, address, "primary" desc`;

async function allRows(client: pg.ClientBase): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  const { rows: names } = await client.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1",
  );
  for (const { name } of names) {
    const { rows } = await client.query<{ row: string }>(`select t::text as row from public.${pg.escapeIdentifier(name)} t order by 1`);
    found[name] = rows.map(({ row }) => row);
  }
  return found;
}
