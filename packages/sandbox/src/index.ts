export type { ClerkSeedUser } from "./clerk/seed.ts";
export { spawnClerkTwin } from "./clerk/spawn.ts";
export { type ClerkTwin, type ClerkTwinOptions, startClerkTwin } from "./clerk/twin.ts";
export { createDatabase, freshDatabase, type TestDatabase, withDatabase, withUser } from "./postgres/databases.ts";
export { type PostgresOptions, type PostgresServer, startPostgres } from "./postgres/start.ts";
export { type Sandbox, type SandboxOptions, type SandboxServer, startSandbox } from "./sandbox.ts";
export { spawnWorkosTwin } from "./workos/spawn.ts";
export { startWorkosTwin, type WorkosTwin, type WorkosTwinOptions } from "./workos/twin.ts";
