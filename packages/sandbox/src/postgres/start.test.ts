import { spawn } from "node:child_process";
import { once } from "node:events";
import pg from "pg";
import { expect, test } from "vitest";
import { startPostgres } from "./start.ts";

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  // A server that goes down between connect and query says so outside of any call: "terminating connection", an event that
  // Node would otherwise throw where nobody catches it.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

test("a server starts, answers, stops, and its data goes", async () => {
  const server = await startPostgres();
  expect(await answers(server.url("postgres"))).toBe(true);
  await server.stop();
  expect(await answers(server.url("postgres"))).toBe(false);
});

test("a server that crashes comes back on the same port with what was committed, and without what was not", async () => {
  const server = await startPostgres();
  const write = new pg.Client({ connectionString: server.url("postgres") });
  write.on("error", () => {});
  await write.connect();
  await write.query("create table note (id integer); insert into note values (1)");
  await write.query("begin; insert into note values (2)");
  let down: boolean | undefined;
  await server.crash(async () => {
    down = !(await answers(server.url("postgres")));
  });
  const read = new pg.Client({ connectionString: server.url("postgres") });
  await read.connect();
  const { rows } = await read.query("select id from note");
  await read.end();
  expect(down).toBe(true);
  expect(rows).toEqual([{ id: 1 }]);
  await server.stop();
  expect(await answers(server.url("postgres"))).toBe(false);
});

test("a server ends when its owner is killed with SIGKILL", async () => {
  const program = `
    import { startPostgres } from ${JSON.stringify(new URL("./start.ts", import.meta.url).href)};
    const server = await startPostgres();
    console.log(server.url("postgres"));
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(owner.stdout, "data")) as [Buffer];
  const url = line.toString().trim();
  expect(await answers(url)).toBe(true);
  owner.kill("SIGKILL");
  for (let i = 0; i < 100 && (await answers(url)); i++) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await answers(url)).toBe(false);
});
