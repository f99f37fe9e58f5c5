import { writeFileSync } from "node:fs";
import { freshDatabase, startPostgres } from "@rehome/sandbox";
import pg from "pg";
import { installGuard } from "../../install/guard.ts";
import { installRoles } from "../../install/roles.ts";
import { EXPECTED, readInstalled } from "../installed.ts";

/** The text of installed.jsonl, of a guard installed now. @param serverUrl a superuser's, of a server; the shared one of the tests when omitted */
export async function installedLines(serverUrl?: string): Promise<string> {
  const database = await freshDatabase(serverUrl);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await installRoles(client, { moverPassword: "mover", loginPassword: "login" });
    await installGuard(client);
    const things = await readInstalled(client, "auth");
    return things.map((thing) => `${JSON.stringify(thing)}\n`).join("");
  } finally {
    await client.end();
    await database.drop();
  }
}

if (import.meta.main) {
  const server = await startPostgres();
  writeFileSync(EXPECTED, await installedLines(server.url("postgres")));
  await server.stop();
}
