export { createDatabase, freshDatabase, type TestDatabase, withDatabase, withUser } from "./postgres/databases.ts";
export { type PostgresOptions, type PostgresServer, readServerLog, startPostgres } from "./postgres/start.ts";
