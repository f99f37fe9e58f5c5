import { freshDatabase, type TestDatabase, withUser } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connect } from "../postgres/connect.ts";
import { installCapture } from "./capture.ts";
import { closeForGood, freeze, readFence, setFence } from "./fence.ts";

const APP = "capture_test_app";
const MOVER = "capture_test_mover";
const OWNER = "capture_test_owner";

let database: TestDatabase;
let mover: pg.Client;
let app: pg.Client;

beforeAll(async () => {
  database = await freshDatabase();
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  for (const role of [OWNER, APP, MOVER]) {
    await admin.query(`do $$ begin create role ${role} login; exception when duplicate_object or unique_violation then null; end $$`);
  }
  await admin.query(
    `grant ${OWNER} to ${MOVER}; do $$ begin execute format('grant create on database %I to ${MOVER}', current_database()); end $$`,
  );
  await admin.query(
    `create table note (id serial primary key, body text); create table reply (id serial primary key, note_id int references note on delete cascade on update cascade)`,
  );
  await admin.query(
    `alter table note owner to ${OWNER}; alter table reply owner to ${OWNER}; grant all on all tables in schema public to ${APP}; grant usage on all sequences in schema public to ${APP}`,
  );
  await admin.end();
  mover = await connect(withUser(database.url, MOVER), "legacy");
  app = new pg.Client({ connectionString: withUser(database.url, APP) });
  await app.connect();
  const keys = [
    { name: "note", key: "id" },
    { name: "reply", key: "id" },
  ];
  await installCapture(mover, keys, MOVER, "open");
  await installCapture(mover, keys, MOVER, "open"); // again: nothing changes
}, 60_000);

afterAll(async () => {
  await app?.end();
  await mover?.end();
  await database?.drop();
});

beforeEach(async () => {
  await setFence(mover, "open");
  await mover.query("delete from note; delete from rehome.change");
});

const log = async () =>
  (await mover.query<{ tbl: string; key: string }>("select tbl, key from rehome.change order by id")).rows.map(
    (row) => `${row.tbl} ${row.key}`,
  );
const code = async (run: Promise<unknown>) =>
  run.then(
    () => "ok",
    (error: { code?: string }) => error.code,
  );

test("inserts, updates, deletes, changed keys and cascades are logged by key", async () => {
  await app.query("insert into note values (1, 'a'), (2, 'b')");
  await app.query("insert into reply values (10, 1)");
  await app.query("update note set body = 'c' where id = 2");
  await app.query("update note set id = 3 where id = 2");
  await app.query("delete from note where id = 1");
  expect(await log()).toEqual(["note 1", "note 2", "reply 10", "note 2", "note 2", "note 3", "note 1", "reply 10"]);
});

test("a rolled back write leaves nothing", async () => {
  await app.query("begin; insert into note values (1, 'a'); rollback");
  expect(await log()).toEqual([]);
});

test("the mover's own writes are left out, and nobody else can hide behind its setting", async () => {
  await mover.query("insert into note values (1, 'by the mover')"); // connect() has set rehome.apply
  expect(await log()).toEqual([]);
  await app.query("set rehome.apply = 'on'");
  await app.query("insert into note values (2, 'by the product')");
  await app.query("reset rehome.apply");
  expect(await log()).toEqual(["note 2"]);
});

test("a product that uses the mover's role is still seen, because it does not say rehome.apply", async () => {
  const sameRole = new pg.Client({ connectionString: withUser(database.url, MOVER) });
  await sameRole.connect();
  await sameRole.query("insert into note values (5, 'x')");
  await sameRole.end();
  expect(await log()).toEqual(["note 5"]);
});

test("session_replication_role does not silence it", async () => {
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  await admin.query("set session_replication_role = replica; insert into note values (7, 'x')");
  await admin.end();
  expect(await log()).toEqual(["note 7"]);
});

test("TRUNCATE is refused: it names no keys", async () => {
  await mover.query("set rehome.apply = 'off'");
  expect(await code(mover.query("truncate note cascade"))).toBe("RH004");
  await mover.query("set rehome.apply = 'on'");
});

test("the product can neither read nor write the log, nor brake or lift a freeze", async () => {
  for (const statement of [
    "select * from rehome.change",
    "insert into rehome.change (tbl, key) values ('note', '1')",
    "delete from rehome.change",
    "do $$ begin lock table rehome.fence in row share mode; end $$",
    "do $$ begin lock table rehome.fence in exclusive mode; end $$",
    "select setval('rehome.fence_state', 1)",
    "select last_value from rehome.fence_state",
    "alter table note disable trigger rehome_capture",
    "drop trigger rehome_fence on note",
    "create or replace function rehome.fence() returns trigger language plpgsql as 'begin return null; end'",
  ]) {
    expect(await code(app.query(statement)), statement).toBe("42501");
  }
});

const PATIENCE_MS = 5_000;
const DEADLINE_MS = 60_000;

test("a freeze waits for an open transaction and refuses nobody meanwhile; then it refuses newcomers at once, and ends with its connection", async () => {
  const fence = await connect(withUser(database.url, MOVER), "legacy");
  const second = new pg.Client({ connectionString: withUser(database.url, APP) });
  await second.connect();
  await app.query("begin; insert into note values (1, 'a')");
  let frozen = false;
  const freezing = freeze(fence, PATIENCE_MS, DEADLINE_MS).then(() => (frozen = true));
  const answers = new Set<string | undefined>();
  for (const since = performance.now(); performance.now() - since < 1_000; )
    answers.add(await code(second.query("update note set body = body where false")));
  expect([...answers]).toEqual(["ok"]);
  expect(frozen).toBe(false);
  await app.query("insert into note values (3, 'the open transaction goes on'); commit");
  await freezing;
  expect(await code(second.query("insert into note values (2, 'b')"))).toBe("RH001"); // refused, not waiting
  expect(await code(app.query("insert into note values (4, 'c')"))).toBe("RH001");
  (fence as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy(); // as if the mover had died
  for (let i = 0; i < 100 && (await code(app.query("insert into note values (4, 'c')"))) === "RH001"; i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await code(app.query("insert into note values (5, 'd')"))).toBe("ok");
  await second.end();
});

test("a first look that takes long does not make an open transaction a short one: nobody is refused while it is waited for", async () => {
  const fence = await connect(withUser(database.url, MOVER), "legacy");
  const second = new pg.Client({ connectionString: withUser(database.url, APP) });
  await second.connect();
  const send = fence.query.bind(fence) as (...args: unknown[]) => Promise<unknown>;
  let looks = 0;
  Object.assign(fence, {
    query: async (...args: unknown[]) => {
      if (JSON.stringify(args).includes("pg_locks") && looks++ === 0) await new Promise((resolve) => setTimeout(resolve, 400));
      return send(...args);
    },
  });
  await app.query("begin; insert into note values (1, 'a')");
  const freezing = freeze(fence, PATIENCE_MS, DEADLINE_MS);
  const answers = new Set<string | undefined>();
  for (const since = performance.now(); performance.now() - since < 1_000; )
    answers.add(await code(second.query("update note set body = body where false")));
  await app.query("commit");
  await freezing;
  await Promise.all([fence.end(), second.end()]);
  expect(looks).toBeGreaterThan(1);
  expect([...answers]).toEqual(["ok"]);
});

test("a freeze gives up on a transaction that does not end, names it, and writers go on", async () => {
  const fence = await connect(withUser(database.url, MOVER), "legacy");
  const open = new pg.Client({ connectionString: withUser(database.url, APP), application_name: "nightly report" });
  await open.connect();
  const { rows } = await open.query<{ pid: number }>("select pg_backend_pid() as pid");
  await open.query("begin; insert into note values (1, 'a')");
  await expect(freeze(fence, 700, DEADLINE_MS)).rejects.toMatchObject({
    code: "FREEZE_BLOCKED",
    message: expect.stringMatching(
      new RegExp(`pid ${rows[0]?.pid} \\(role ${APP}, application nightly report, open for (at least )?\\d\\.\\d s\\)`),
    ),
  });
  await open.query("insert into note values (2, 'b'); commit");
  await open.end();
  await fence.end();
});

test("under steady short writes a freeze comes about", async () => {
  const fence = await connect(withUser(database.url, MOVER), "legacy");
  let stop = false;
  const writer = async (n: number) => {
    const client = new pg.Client({ connectionString: withUser(database.url, APP) });
    await client.connect();
    while (!stop) await client.query(`insert into note (body) values ('w'); select pg_sleep(0.00${n})`).catch(() => {});
    await client.end();
  };
  const writers = [1, 2, 3, 4].map(writer);
  await freeze(fence, 20_000, DEADLINE_MS).finally(() => (stop = true));
  await Promise.all(writers);
  await fence.end();
});

test("the server ends a freeze at its deadline, and what comes too late closes nothing", async () => {
  const fence = await connect(withUser(database.url, MOVER), "legacy");
  await freeze(fence, PATIENCE_MS, 300);
  const since = performance.now();
  while ((await code(app.query("update note set body = body where false"))) === "RH001") {
    if (performance.now() - since > 5_000) throw new Error("The freeze did not end.");
  }
  await expect(closeForGood(fence)).rejects.toMatchObject({ code: "FREEZE_EXPIRED" });
  expect(await readFence(mover)).toBe("open");
  await fence.end().catch(() => {});
});

test("closing without a freeze is refused", async () => {
  const fence = await connect(withUser(database.url, MOVER), "legacy");
  await expect(closeForGood(fence)).rejects.toMatchObject({ code: "FREEZE_EXPIRED" });
  expect(await readFence(mover)).toBe("open");
  await fence.end();
});

test("a closed database refuses writes also to a transaction with an old snapshot", async () => {
  await app.query("begin isolation level repeatable read");
  await app.query("select count(*) from note"); // the snapshot is taken here
  await setFence(mover, "closed");
  expect(await code(app.query("insert into note values (1, 'a')"))).toBe("RH002");
  await app.query("rollback");
  expect(await readFence(mover)).toBe("closed");
});
