import { freshDatabase } from "@rehome/sandbox";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "./connect.ts";
import { query, transaction } from "./query.ts";

const MARKER = "depression, 40mg";

async function database() {
  const { url, drop } = await freshDatabase();
  const client = await connect(url, "target");
  onTestFinished(async () => {
    await client.end();
    await drop();
  });
  await query(client, "prepare", "create table note (id integer primary key, body text not null check (length(body) < 20), due date)");
  await query(client, "prepare", "insert into note values (1, $1)", [MARKER]);
  return { client, url };
}

test.each([
  [
    "a key that is taken",
    "insert into note values (1, 'x') returning body",
    [],
    "23505",
    ["a unique key is taken", "table note", "constraint note_pkey"],
  ],
  ["a check that fails", "insert into note values (2, $1)", [`${MARKER} and more than twenty`], "23514", ["constraint note_body_check"]],
  ["a value that is missing", "insert into note values (3, null)", [], "23502", ["a value is missing", "column body"]],
  ["a value that does not parse", "select body::int from note", [], "22P02", []],
  ["a parameter that does not parse", "select $1::date", [MARKER], "22007", []],
])("%s: names and state, never a value", async (_, sql, params, sqlstate, says) => {
  const { client, url } = await database();

  const error = await query(client, "write note", sql, params).catch((thrown) => thrown);

  expect(error).toMatchObject({ code: "QUERY_FAILED", cause: undefined });
  const { username, port, pathname } = new URL(url);
  for (const part of ["Could not write note:", `sqlstate ${sqlstate}`, `target database ${username}@127.0.0.1:${port}${pathname}`, ...says])
    expect(error.message).toContain(part);
  expect(JSON.stringify([error.message, error.next, error.stack])).not.toMatch(/depression|40mg|twenty/);
});

test("a permission that is missing names its object", async () => {
  const { client } = await database();
  await query(client, "prepare", "do $$ begin create role stranger; exception when duplicate_object or unique_violation then null; end $$");
  await query(client, "prepare", "set role stranger");

  await expect(query(client, "read note", "select * from note")).rejects.toMatchObject({
    message: expect.stringContaining("the role lacks a permission (sqlstate 42501, object table note, target database"),
    next: expect.stringContaining("rehome check"),
  });
});

test("a connection that breaks is said to be lost, on which side, and may be tried again", async () => {
  const { client, url } = await database();
  const other = await connect(url, "target");
  const [backend] = await query<{ pid: number }>(client, "ask", "select pg_backend_pid() as pid");

  const waiting = transaction(client, () => query(client, "wait for the end", "select pg_sleep(60)"));
  const broken = expect(waiting).rejects.toMatchObject({
    message: expect.stringContaining("ould not wait for the end"),
    next: expect.stringContaining("goes on where it stopped"),
  });
  const end = "select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and query like '%pg_sleep%'";
  while ((await query(other, "end it", end, [backend?.pid])).length === 0);
  await broken;
  await expect(query(client, "go on", "select 1")).rejects.toMatchObject({
    code: "DATABASE_UNREACHABLE",
    message: expect.stringMatching(/The connection to the target database .* was lost: could not go on\./),
    retry: true,
  });
  await other.end();
});
