import { generateEleva, loadLegacy } from "@rehome/eleva-legacy";
import { freshDatabase, type TestDatabase, withUser } from "@rehome/sandbox";
import { installGuard, installRoles } from "@rehome/tenancy";
import pg from "pg";
import { compileBackward, drainTarget } from "../../../../../packages/rehome/src/copy/backward-pass.ts";
import { installCapture } from "../../../../../packages/rehome/src/copy/capture.ts";
import { copyAll } from "../../../../../packages/rehome/src/copy/copy.ts";
import { compileAll } from "../../../../../packages/rehome/src/copy/forward-pass.ts";
import { installLedger } from "../../../../../packages/rehome/src/ledger/ledger.ts";
import { readCatalog } from "../../../../../packages/rehome/src/postgres/catalog.ts";
import { connect } from "../../../../../packages/rehome/src/postgres/connect.ts";
import { derived, guestUpsert, peopleUpsert } from "../../move/people.ts";
import { tables } from "../../move/tables.ts";
import { targetTemplate } from "../../testing/target-database.ts";
import type { ProductConnections } from "../run-writes.ts";
import type { JobName } from "../statement.ts";

type MoveConfig = Parameters<typeof compileBackward>[0];

export const JOBS: readonly JobName[] = ["booking", "payments", "sync", "admin", "identity"];

export interface MovedWorld {
  now: number;
  encryptionKey: string;
  /** On the target, as the mover. */
  mover: pg.Client;
  connections: ProductConnections;
  /** As the product on a legacy database that holds the same rows and never moved. */
  twin: pg.Client;
  /** Carries back to legacy what was written on the target. */
  carryBack(): Promise<number>;
  /** Every row of every table as text, on the legacy that moved and on its twin. */
  rows(side: "legacy" | "twin"): Promise<Record<string, string[]>>;
  drop(): Promise<void>;
}

/** A small Eleva Care, loaded into two legacy databases and moved from the first to a target, without Clerk and WorkOS. */
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

  const legacy = await connect(first.url, "legacy");
  const mover = await connect(withUser(target.url, "rehome_mover", "mover"), "target");
  const twin = new pg.Client({ connectionString: withUser(second.url, "eleva_app") });
  await twin.connect();
  await installLedger(target.owner, "test", "none", "rehome_mover");
  await target.owner.query(PEOPLE, [JSON.stringify(world.clerkUsers.map((user, index) => personOf(user, index)))]);
  await target.owner.query(ADDRESSES, [
    JSON.stringify(world.clerkUsers.flatMap((user) => user.emails.map((email) => ({ ...email, id: user.id })))),
  ]);

  const config = { tables, people: { upsert: peopleUpsert, guests: guestUpsert }, derive: derived, stays: {} } as unknown as MoveConfig;
  const catalogs = [await readCatalog(legacy, "legacy"), await readCatalog(target.owner, "the target")] as const;
  await installCapture(legacy, keysOf(Object.keys(tables), catalogs[0]), "postgres", "open");
  const { rows: epochs } = await mover.query<{ epoch: string }>("select epoch::text from rehome.move");
  await copyAll(legacy, mover, compileAll(config, ...catalogs), config, epochs[0]?.epoch ?? "");
  const watched = Object.values(tables).flatMap((mapping) => Object.keys(mapping.into));
  await installCapture(target.owner, keysOf(watched, catalogs[1]), "rehome_mover", "open");
  await target.owner.query(
    "grant all on all tables in schema rehome to rehome_mover; grant all on all sequences in schema rehome to rehome_mover",
  );
  for (const serial of ["blocked_dates", "scheduling_settings", "payment_transfers"]) {
    await target.owner.query(`select setval(pg_get_serial_sequence('${serial}', 'id'), 1000000)`);
  }

  const checker = await connect(second.url, "legacy");
  return {
    now: world.now,
    encryptionKey: world.encryptionKey,
    mover,
    twin,
    connections: {
      loginUrl: withUser(target.url, "rehome_login", "login"),
      workerUrl: withUser(target.url, "rehome_worker", "worker"),
      tokenOf: (id) => {
        const index = world.clerkUsers.findIndex((user) => user.id === id);
        return target.token(`user_${index}`, `org_${index}`);
      },
    },
    carryBack: () => drainTarget(legacy, mover, compileBackward(config, ...catalogs)),
    rows: (side) => allRows(side === "legacy" ? legacy : checker, Object.keys(tables)),
    async drop() {
      for (const client of [legacy, mover, twin, checker]) await client.end();
      for (const database of legacies) await database.drop();
      await target.drop();
      await template.drop();
    },
  };
}

type ClerkUser = ReturnType<typeof generateEleva>["clerkUsers"][number];

/** Every tenth stays, so that stand-ins and rows left behind exist. */
function personOf(user: ClerkUser, index: number) {
  const primary = user.emails.find((email) => email.primary);
  return {
    ...{ id: user.id, moved: index % 10 !== 9, n: index, username: user.username },
    ...{ email: primary?.address ?? "unknown@example.test", verified: primary?.verified ?? false },
    created: new Date(user.created_at).toISOString(),
  };
}

const PEOPLE = `
with p as (select * from json_to_recordset($1) p(id text, moved boolean, n int, username text, email text, verified boolean, created timestamptz)),
     d as (insert into rehome.disposition (legacy_user_id, disposition, reason) select id, case when moved then 'move' else 'exclude' end, 'test' from p)
insert into rehome.identity (legacy_user_id, moved, workos_user_id, workos_organization_id, workos_membership_id, email, email_verified, username,
                             organization_type, organization_name, roles, clerk_created_at, clerk_updated_at)
select id, moved, case when moved then 'user_' || n end, case when moved then 'org_' || n end, case when moved then 'om_' || n end, email, verified, username,
       'expert_individual', 'Practice', '{user}', created, created from p`;

const ADDRESSES = `
insert into rehome.address (legacy_user_id, email, email_key, verified, is_primary)
select distinct on (id, address) id, address, rehome.email_key(address), verified, "primary"
  from json_to_recordset($1) a(id text, address text, verified boolean, "primary" boolean) order by id, address, "primary" desc`;

function keysOf(names: readonly string[], catalog: Awaited<ReturnType<typeof readCatalog>>): Map<string, string> {
  return new Map(names.map((name) => [name, catalog.get(name)?.primaryKey[0] ?? "id"]));
}

async function allRows(client: pg.ClientBase, names: readonly string[]): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const name of names) {
    const { rows } = await client.query<{ row: string }>(`select t::text as row from public.${pg.escapeIdentifier(name)} t order by 1`);
    found[name] = rows.map(({ row }) => row);
  }
  return found;
}
