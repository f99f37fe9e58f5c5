import { freshDatabase } from "@rehome/sandbox";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../postgres/connect.ts";
import { query, transaction } from "../postgres/query.ts";
import { streamRows } from "./stream.ts";
import { SNAPSHOT } from "./sync.ts";

/** Far more than the buffers between two servers hold. */
const MANY = 300_000;
const ROWS = `select i::int as id, repeat('depression ', 10) as body from generate_series(1, ${MANY}) i`;

async function bothSides() {
  const { url, drop } = await freshDatabase();
  const [source, target] = await Promise.all([connect(url, "legacy"), connect(url, "target")]);
  onTestFinished(async () => {
    await Promise.all([source.end(), target.end()]);
    await drop();
  });
  await query(target, "prepare", "create table note (id int, body text)");
  const stream = (rows = ROWS) =>
    transaction(source, () => transaction(target, () => streamRows(source, rows, target, "copy note from stdin", "stage note")), SNAPSHOT);
  const usable = async () => {
    for (const client of [source, target]) expect(await query(client, "ask", "select 1 as one")).toEqual([{ one: 1 }]);
    expect(await query(target, "count", "select count(*)::int as n from note")).toEqual([{ n: 0 }]);
  };
  return { target, stream, usable };
}

test("all rows arrive, in constant memory", async () => {
  const { target, stream } = await bothSides();
  expect(await stream()).toBe(MANY);
  expect(await query(target, "sum", "select count(*)::int as n, sum(id)::text as ids, min(length(body)) as l from note")).toEqual([
    { n: MANY, ids: String((MANY * (MANY + 1)) / 2), l: 110 },
  ]);
});

test("the target fails at the first row: it is said at once and both connections go on", async () => {
  const { target, stream, usable } = await bothSides();
  await query(
    target,
    "prepare",
    `create function full_disk() returns trigger language plpgsql as $$ begin raise exception 'No space left on device' using errcode = '53100'; end $$;
     create trigger planted before insert on note for each row execute function full_disk()`,
  );
  await expect(stream()).rejects.toMatchObject({
    code: "QUERY_FAILED",
    message: expect.stringMatching(/^Could not stage note: the server's disk is full \(sqlstate 53100, target database/),
  });
  await usable();
});

test("the source fails in the midst: it is said of the source, and both connections go on", async () => {
  const { stream, usable } = await bothSides();
  const failing = stream(`select (10 / (i - ${MANY / 2}))::int as id, 'depression' as body from generate_series(1, ${MANY}) i`);
  await expect(failing).rejects.toMatchObject({ message: expect.stringMatching(/sqlstate 22012, legacy database/) });
  await failing.catch((error) => expect(`${error.message} ${error.stack}`).not.toContain("depression"));
  await usable();
});
