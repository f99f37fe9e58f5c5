import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testWorld } from "./moved-world.ts";
import { type Outcome, rehome } from "./rehome.ts";
import { connect } from "./testing/connect.ts";
import { sidesThatWrite } from "./testing/sides.ts";
import type { DemoWorld } from "./world.ts";

const ELEVA = fileURLToPath(new URL("../rehome.config.ts", import.meta.url));

let world: DemoWorld;
let config: string;
/** Superusers, whom no rule of the product stops. */
let legacy: pg.Client;
let target: pg.Client;
/** As the product writes on the target. */
let product: pg.Client;

beforeAll(async () => {
  world = await testWorld();
  config = join(world.folder, "stays.config.ts");
  writeFileSync(
    config,
    `import eleva from ${JSON.stringify(ELEVA)};\nexport default () => ({ ...eleva(), stays: { leaflets: "printed once", "shop.orders": "another product's" } });\n`,
  );
  legacy = await connect(world.sandbox.legacy.url("legacy"));
  // Two tables that are not carried and whose rows hang on rows that are.
  await legacy.query(
    `create table leaflets (id serial primary key, event uuid not null references events on delete cascade);
     create schema shop; create table shop.orders (id serial primary key, meeting uuid references meetings on delete set null);
     insert into leaflets (event) select id from events where exists (select from meetings m where m."eventId" = events.id) order by id limit 1;
     insert into shop.orders (meeting) select id from meetings order by id limit 1;
     alter table leaflets owner to eleva_owner; alter schema shop owner to eleva_owner; alter table shop.orders owner to eleva_owner`,
  );
  target = await connect(world.sandbox.target.url("target"));
  expect(await verb("run")).toMatchObject({ code: 0 });
  expect(await verb("cutover")).toMatchObject({ code: 0 });
  product = await connect(world.env["TARGET_MOVER_URL"] ?? "");
}, 180_000);

afterAll(async () => {
  await Promise.all([legacy?.end(), target?.end(), product?.end()]);
  await world?.stop();
});

const verb = (name: string): Promise<Outcome> => rehome(world, [name], { config });

test("a row that a table refers to which is not carried cannot be deleted on the target", async () => {
  const { rows } = await legacy.query<{ event: string; meeting: string }>("select event, (select meeting from shop.orders) from leaflets");
  const refusal = { code: "RH005" };
  await expect(product.query("delete from services where id = $1", [rows[0]?.event])).rejects.toMatchObject(refusal);
  await expect(product.query("delete from meetings where id = $1", [rows[0]?.meeting])).rejects.toMatchObject(refusal);
});

test("should one be deleted all the same, the rollback stops before legacy loses anything", async () => {
  await legacy.query("begin");
  const { rows } = await legacy.query<{ event: string }>("select event from leaflets");
  await legacy.query("rollback");
  const event = rows[0]?.event;
  await target.query("begin; set local session_replication_role = replica; delete from rehome.left_behind_parent; commit");
  await product.query("begin");
  for (const table of ["meetings", "services"]) {
    const column = table === "services" ? "id" : "service_id";
    await product.query(`delete from ${table} where ${column} = $1`, [event]);
  }
  await product.query("commit");
  const before = await everything();

  expect(await verb("rollback")).toMatchObject({
    code: 3,
    result: { error: { code: "GATE_CLOSED", message: expect.stringContaining("public.leaflets") } },
  });

  expect(await everything()).toEqual(before);
  expect(await sidesThatWrite(world)).toEqual({ legacy: "RH002", target: "ok" });
  await legacy.query(
    "set session_replication_role = replica; delete from leaflets; delete from shop.orders; reset session_replication_role",
  );
});

test("a proof that does not hold leaves legacy as it was; the rollback can be run again when its cause is mended", async () => {
  await legacy.query(
    `create function meddle() returns trigger language plpgsql as $$ begin new.reason = 'meddled'; return new; end $$;
     create trigger meddle before insert or update on blocked_dates for each row execute function meddle()`,
  );
  await product.query("update blocked_dates set reason = 'written on the target' where id = (select max(id) from blocked_dates)");
  const before = await everything();

  for (let attempt = 1; attempt <= 2; attempt++)
    expect(await verb("rollback")).toMatchObject({
      code: 3,
      result: { error: { code: "GATE_CLOSED", message: expect.stringContaining("blocked_dates: content differ") } },
    });

  expect(await everything()).toEqual(before);
  await legacy.query("drop trigger meddle on blocked_dates");
  expect(await verb("rollback")).toMatchObject({ code: 0, result: { outcome: "rolled_back" } });
  const { rows } = await legacy.query("select reason from blocked_dates where id = (select max(id) from blocked_dates)");
  expect(rows).toEqual([{ reason: "written on the target" }]);
}, 60_000);

/** Every row of legacy's tables, and how many changes wait on the target. */
async function everything(): Promise<unknown> {
  const { rows: tables } = await legacy.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'shop') order by 1`,
  );
  const content: Record<string, string> = {};
  for (const { name } of tables) {
    const { rows } = await legacy.query<{ sum: string }>(
      `select count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) as sum from ${name} t`,
    );
    content[name] = rows[0]?.sum ?? "";
  }
  const { rows: log } = await target.query<{ tbl: string; key: string }>("select tbl, key from rehome.change order by id");
  return { content, log };
}
