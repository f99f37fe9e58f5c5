import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import pg from "pg";
import { findPostgres, type PostgresBinaries } from "./binaries.ts";

export interface PostgresServer {
  port: number;
  /** Everything the server said, for greps; removed by `stop`. */
  logFile: string;
  /** `postgresql://…` of a database on this server; superuser `postgres` unless a user is named. */
  url(database: string, user?: string): string;
  /**
   * Kills every process of the server at once (SIGKILL), as a crash of its machine would end them, and starts it again on the same data and port.
   * What was not yet written to the disk's cache is lost. Linux only.
   *
   * @param whileDown runs between the kill and the start
   */
  crash(whileDown?: () => Promise<unknown>): Promise<void>;
  /** Ends the server and removes its data. Safe to call twice. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Further settings, as `name=value`. */
  settings?: readonly string[];
}

const START_TIMEOUT_MS = 30_000;

/**
 * Starts a Postgres 18 of its own on a free port of 127.0.0.1, with data in a new temporary folder.
 *
 * The server ends when this process ends, even by SIGKILL: a pipe to a small shell wrapper closes and the wrapper stops Postgres.
 * Made for tests and demos: `fsync` is off, every local user is trusted.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = findPostgres();
  const home = mkdtempSync(join(tmpdir(), "rehome-pg-"));
  const data = join(home, "data");
  if (binaries.runAs.uid !== undefined && binaries.runAs.gid !== undefined) chownSync(home, binaries.runAs.uid, binaries.runAs.gid);
  chmodSync(home, 0o700);
  const env = { PATH: process.env["PATH"], TZ: "UTC", LC_ALL: "C" };
  try {
    await initialise(binaries, data, env);
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await run(binaries, home, data, env, options.settings ?? []);
    } catch (error) {
      // The free port may be taken between asking for it and using it.
      if (attempt < 3 && /could not bind|Address already in use/.test(String(error))) continue;
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }
}

async function initialise(binaries: PostgresBinaries, data: string, env: NodeJS.ProcessEnv): Promise<void> {
  const locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]; // the same on every machine
  const initdb = spawn(
    binaries.initdb,
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", ...locale, "--no-sync", "--no-instructions"],
    { ...binaries.runAs, cwd: "/", env, stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  initdb.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [status] = await once(initdb, "close");
  if (status !== 0) throw new Error(`initdb failed in ${data}: ${said}`);
}

// Postgres runs in the background; a reader of pipe 3 waits for the owner's end, then asks for a fast shutdown; the data goes last. While the file
// `again` is there, a server that ended is started once more, but not before `down` is gone: a crash.
const WRAPPER = `
H=$1; shift
(cat >/dev/null; touch "$H/over"; kill -INT $(cat "$H/pid") 2>/dev/null) <&3 &
while :; do
  "$@" & P=$!; echo $P >"$H/pid"; wait $P
  [ -e "$H/again" ] || break
  while [ -e "$H/down" ] && [ ! -e "$H/over" ]; do sleep 0.02; done
  [ -e "$H/over" ] && break
  sleep 0.02
done
rm -rf "$H"`;

async function run(
  binaries: PostgresBinaries,
  home: string,
  data: string,
  env: NodeJS.ProcessEnv,
  settings: readonly string[],
): Promise<PostgresServer> {
  const port = await freePort();
  const fixed = [
    "listen_addresses=127.0.0.1",
    "wal_level=logical",
    "fsync=off",
    "shared_buffers=64MB",
    "max_connections=120",
    "timezone=UTC",
  ];
  const flags = [...fixed, ...settings].flatMap((setting) => ["-c", setting]);
  const server = spawn("sh", ["-c", WRAPPER, "sh", home, binaries.postgres, "-D", data, "-p", String(port), "-k", "", ...flags], {
    ...binaries.runAs,
    cwd: "/",
    env,
    detached: true, // a Ctrl-C for us must not reach it: we stop it ourselves, in order
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const logFile = join(home, "server.log");
  const log = createWriteStream(logFile, { mode: 0o600 });
  let said = "";
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`Postgres in ${data} was not ready after ${START_TIMEOUT_MS} ms: ${said}`)),
      START_TIMEOUT_MS,
    );
    server.stderr?.on("data", (chunk: Buffer) => {
      log.write(chunk);
      if (said.length > 100_000) return;
      said += chunk.toString();
      if (said.includes("ready to accept connections")) {
        clearTimeout(timer);
        resolve();
      }
    });
    server.once("exit", () => {
      clearTimeout(timer);
      reject(new Error(`Postgres in ${data} ended while starting: ${said}`));
    });
    server.once("error", reject);
  });
  // Do not keep our own process alive for the server's sake.
  server.unref();
  const pipe = server.stdio[3] as Writable & { unref?(): void };
  pipe.unref?.();
  (server.stderr as unknown as { unref?(): void }).unref?.();
  let stopping: Promise<void> | undefined;
  return {
    port,
    logFile,
    url: (database, user = "postgres") => `postgresql://${user}@127.0.0.1:${port}/${database}`,
    crash: async (whileDown = async () => {}) => {
      for (const file of ["again", "down"]) writeFileSync(join(home, file), "");
      const postmaster = Number(readFileSync(join(home, "pid"), "utf8"));
      // The first kill is the postmaster's: it must not see a child die and shut down in order.
      for (const pid of [postmaster, ...childrenOf(postmaster)]) kill(pid);
      await whileDown().finally(() => rmSync(join(home, "down")));
      await accepting(port, START_TIMEOUT_MS);
      rmSync(join(home, "again"));
    },
    stop: () =>
      (stopping ??= (async () => {
        server.ref();
        pipe.end();
        await ended;
        log.end();
        rmSync(home, { recursive: true, force: true });
      })()),
  };
}

/** Read from Linux's /proc. */
function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        // The name in brackets may hold anything, so what counts begins behind the last bracket: state, parent.
        return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[1]) === parent;
      } catch {
        return false; // it ended meanwhile
      }
    });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended meanwhile
  }
}

/** Until the server takes connections: recovery is over then. */
async function accepting(port: number, timeoutMs: number): Promise<void> {
  for (const since = performance.now(); performance.now() - since < timeoutMs; ) {
    const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres", connectionTimeoutMillis: 1000 });
    client.on("error", () => {});
    const open = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => {});
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Postgres on port ${port} did not come back within ${timeoutMs} ms.`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** What the server has written to its log so far. */
export function readServerLog(server: PostgresServer): string {
  return readFileSync(server.logFile, "utf8");
}
