import pg from "pg";
import { toTenancyError } from "../errors.ts";
import { OptionsError } from "../lint/options.ts";

/**
 * Connects, works, disconnects.
 *
 * @param address of `--database`; the environment's DATABASE_URL when it is not given
 * @throws OptionsError without an address; TenancyError when the server cannot be reached
 */
export async function withDatabase<T>(address: string | undefined, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const url = address ?? process.env["DATABASE_URL"];
  if (!url) throw new OptionsError("No database was named.", "Give --database postgresql://…, or set DATABASE_URL.");
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new OptionsError(
      "The database's address is not of the form postgresql://user@host/database.",
      "Correct --database or DATABASE_URL.",
    );
  }
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: "tenancy" });
  client.on("error", () => {}); // a connection that ends meanwhile fails the query that waits for it
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw error instanceof OptionsError ? error : toTenancyError(error);
  } finally {
    await client.end().catch(() => {});
  }
}
