import { spawnClerkTwin } from "./clerk/spawn.ts";
import type { ClerkTwinOptions } from "./clerk/twin.ts";
import { createDatabase, withDatabase, withUser } from "./postgres/databases.ts";
import { type PostgresServer, startPostgres } from "./postgres/start.ts";
import { spawnWorkosTwin } from "./workos/spawn.ts";
import type { WorkosTwinOptions } from "./workos/twin.ts";

export interface SandboxOptions {
  clerk?: ClerkTwinOptions;
  workos?: WorkosTwinOptions;
  /** Superuser URLs of servers to use instead of embedded ones; databases are made there and stay. */
  servers?: { legacy?: string; target?: string };
}

/** A server of the sandbox. */
export interface SandboxServer {
  url(database: string, user?: string, password?: string): string;
  /** Everything the server said; null for a server that is not ours. */
  logFile: string | null;
  /** Kills the server with all its processes and starts it again; see `PostgresServer`. Refused for a server that is not ours. */
  crash(whileDown?: () => Promise<unknown>): Promise<void>;
}

export interface Sandbox {
  /** Databases `legacy` and `legacy_audit`. */
  legacy: SandboxServer;
  /** Databases `target` and `audit`. */
  target: SandboxServer;
  clerk: Awaited<ReturnType<typeof spawnClerkTwin>>;
  workos: Awaited<ReturnType<typeof spawnWorkosTwin>>;
  stop(): Promise<void>;
}

/**
 * Starts the outside world: two Postgres servers and the twins of Clerk and WorkOS, each in a process of its own, so that killing the mover
 * does not kill the world. All of it ends with this process, however that ends.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const started: { stop(): Promise<void> }[] = [];
  const keep = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const running = await starting;
    started.push(running);
    return running;
  };
  const stop = async () => {
    await Promise.all(started.map((running) => running.stop()));
  };
  const all = await Promise.allSettled([
    server(options.servers?.legacy, keep),
    server(options.servers?.target, keep),
    keep(spawnClerkTwin(options.clerk ?? {})),
    keep(spawnWorkosTwin(options.workos ?? {})),
  ] as const);
  const failed = all.find((result) => result.status === "rejected");
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const [legacy, target, clerk, workos] = all.map((result) => (result as PromiseFulfilledResult<unknown>).value) as [
    SandboxServer,
    SandboxServer,
    Sandbox["clerk"],
    Sandbox["workos"],
  ];
  try {
    for (const name of ["legacy", "legacy_audit"]) await createDatabase(legacy.url("postgres"), name);
    for (const name of ["target", "audit"]) await createDatabase(target.url("postgres"), name);
  } catch (error) {
    await stop();
    throw error;
  }
  return { legacy, target, clerk, workos, stop };
}

async function server(
  external: string | undefined,
  keep: (starting: Promise<PostgresServer>) => Promise<PostgresServer>,
): Promise<SandboxServer> {
  if (external) {
    return {
      logFile: null,
      crash: () => Promise.reject(new Error("This server is not the sandbox's own; it is not killed.")),
      url: (database, user, password) =>
        user ? withUser(withDatabase(external, database), user, password) : withDatabase(external, database),
    };
  }
  const own = await keep(startPostgres());
  return {
    logFile: own.logFile,
    url: (database, user = "postgres", password = "") => withUser(own.url(database), user, password),
    crash: own.crash,
  };
}
