import { freshDatabase } from "@rehome/sandbox";
import pg from "pg";
import { expect, test } from "vitest";
import { installGuard, installRoles } from "../index.ts";

/** A server that says it is Postgres 15, and does what it is told like the one behind it. */
function older(client: pg.Client): pg.Client {
  return new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== "query") return typeof value === "function" ? value.bind(target) : value;
      return (text: unknown, ...more: unknown[]) => {
        const asked = typeof text === "string" ? text.replaceAll("current_setting('server_version_num')", "'150018'") : text;
        return (target.query as (...args: unknown[]) => unknown)(asked, ...more);
      };
    },
  });
}

test("a server older than 16 is refused before anything is made", async () => {
  const database = await freshDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const jobs = [`of_the_old_${process.pid}`];
  const refusal = { code: "install_refused", message: expect.stringContaining("older than Postgres 16") };
  const options = { moverPassword: "mover", loginPassword: "login", jobs };
  try {
    await expect(installRoles(older(client), options)).rejects.toMatchObject(refusal);
    const { rows } = await client.query("select rolname from pg_roles where rolname like '%of\\_the\\_old%'");
    expect(rows).toEqual([]);
    await installRoles(client, { ...options, jobs: [] });
    await expect(installGuard(older(client))).rejects.toMatchObject(refusal);
    expect((await client.query("select to_regnamespace('auth') as there")).rows).toEqual([{ there: null }]);
  } finally {
    await client.query(`drop role if exists rehome_job_of_the_old_${process.pid}`);
    await client.end();
    await database.drop();
  }
});
