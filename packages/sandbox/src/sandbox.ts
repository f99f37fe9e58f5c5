import { spawnClerkTwin } from "./clerk/spawn.ts";
import type { ClerkTwinOptions } from "./clerk/twin.ts";
import type { MailCatcher } from "./mail/client.ts";
import { spawnMailCatcher } from "./mail/spawn.ts";
import { createDatabase, withDatabase, withUser } from "./postgres/databases.ts";
import { startPostgres } from "./postgres/start.ts";
import { spawnWorkosTwin } from "./workos/spawn.ts";
import type { WorkosTwinOptions } from "./workos/twin.ts";

export interface SandboxOptions {
  clerk?: ClerkTwinOptions;
  workos?: WorkosTwinOptions;
  /** Superuser URLs of servers to use instead of embedded ones; databases are made there and stay. */
  servers?: { legacy?: string; target?: string };
  /** Starts a mail catcher too, and lets the WorkOS twin send its mails there. */
  mail?: boolean;
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
  /** Undefined unless it was asked for. */
  mail: MailCatcher | undefined;
  stop(): Promise<void>;
}

/**
 * Starts the outside world: two Postgres servers and the twins of Clerk and WorkOS, each in a process of its own, so that killing the mover
 * does not kill the world. All of it ends with this process, however that ends.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const started: { stop(): Promise<void> }[] = [];
  const keep: Keep = async (starting) => {
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
    mailAndWorkos(options, keep),
  ] as const);
  const failed = all.find((result) => result.status === "rejected");
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const [legacy, target, clerk, { mail, workos }] = all.map((result) => (result as PromiseFulfilledResult<unknown>).value) as [
    SandboxServer,
    SandboxServer,
    Sandbox["clerk"],
    Pick<Sandbox, "mail" | "workos">,
  ];
  try {
    for (const name of ["legacy", "legacy_audit"]) await createDatabase(legacy.url("postgres"), name);
    for (const name of ["target", "audit"]) await createDatabase(target.url("postgres"), name);
  } catch (error) {
    await stop();
    throw error;
  }
  return { legacy, target, clerk, workos, mail, stop };
}

type Keep = <T extends { stop(): Promise<void> }>(starting: Promise<T>) => Promise<T>;

/** The catcher comes first: the twin has to know where it listens. */
async function mailAndWorkos({ mail: wanted, workos: options }: SandboxOptions, keep: Keep): Promise<Pick<Sandbox, "mail" | "workos">> {
  const mail = wanted ? await keep(spawnMailCatcher()) : undefined;
  return { mail, workos: await keep(spawnWorkosTwin({ ...(mail ? { smtpUrl: mail.smtpUrl } : {}), ...options })) };
}

async function server(external: string | undefined, keep: Keep): Promise<SandboxServer> {
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
