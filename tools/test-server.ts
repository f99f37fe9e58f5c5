import { startPostgres } from "@rehome/sandbox";

/** One Postgres for the whole test run; every test makes databases of its own on it. */
export default async function setup(): Promise<() => Promise<void>> {
  const server = await startPostgres({ settings: ["max_connections=200"] });
  process.env["REHOME_TEST_POSTGRES"] = server.url("postgres");
  process.env["REHOME_TEST_POSTGRES_LOG"] = server.logFile;
  return () => server.stop();
}
