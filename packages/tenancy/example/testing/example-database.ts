import { freshDatabase } from "@rehome/sandbox";
import pg from "pg";
import { addExampleIssuer } from "../issuer.ts";
import { seed, setUp } from "../set-up.ts";

export interface ExampleDatabase {
  url: string;
  /** Superuser. */
  client: pg.Client;
  token: Awaited<ReturnType<typeof addExampleIssuer>>;
  /** Runs `work` as a role, with the identity of a token if there is one, in a transaction that is rolled back. */
  as<T>(role: string, token: string | undefined, work: (client: pg.Client) => Promise<T>): Promise<T>;
  drop(): Promise<void>;
}

/** The example, migrated, guarded and filled. */
export async function exampleDatabase(): Promise<ExampleDatabase> {
  const database = await freshDatabase();
  const client = new pg.Client({ connectionString: database.url });
  client.on("error", () => {});
  await client.connect();
  await setUp(client, { moverPassword: "mover", loginPassword: "login", workerPassword: "worker" });
  await seed(client);
  return {
    url: database.url,
    client,
    token: await addExampleIssuer(client),
    async as(role, token, work) {
      await client.query(`begin; set local role ${role}`);
      try {
        if (token !== undefined) await client.query("select auth.jwt_session_init($1)", [token]);
        return await work(client);
      } finally {
        await client.query("rollback");
      }
    },
    async drop() {
      await client.end();
      await database.drop();
    },
  };
}
