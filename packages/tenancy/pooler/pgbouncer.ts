import { accessSync, chmodSync, constants, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { startTied } from "./tied-process.ts";

export interface PgBouncer {
  /** The same database through the pooler. */
  url: string;
  stop(): Promise<void>;
}

// Debian puts it where ordinary users' PATH does not look.
const FOLDERS = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];

/** @throws Error that says what to install */
export function findPgBouncer(folders: readonly string[] = FOLDERS): string {
  for (const folder of folders.filter((name) => name !== "")) {
    const path = join(folder, "pgbouncer");
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here
    }
  }
  throw new Error("PgBouncer is not installed: run `apt-get install pgbouncer` (Debian) or `brew install pgbouncer`, then try again.");
}

/**
 * Starts PgBouncer in transaction mode before a database. One login may pass, by SCRAM with its password; all its clients share
 * `serverConnections` connections. No reset query: nothing but the client cleans between two users of a connection.
 *
 * @param databaseUrl names the login and its password
 */
export async function startPgBouncer(databaseUrl: string, serverConnections: number): Promise<PgBouncer> {
  const binary = findPgBouncer();
  const url = new URL(databaseUrl);
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), "rehome-pgbouncer-"));
  chmodSync(home, 0o755); // as root, PgBouncer becomes nobody and reads its files as nobody
  const users = join(home, "users.txt");
  writeFileSync(users, `"${url.username}" "${url.password}"\n`);
  const settings = join(home, "pgbouncer.ini");
  writeFileSync(
    settings,
    `[databases]
* = host=${url.hostname} port=${url.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${serverConnections}
max_client_conn = 200
`,
  );
  const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const pooler = await startTied({ command: binary, args: [...user, settings], home, signal: "TERM", readyWhen: "process up" });
  url.port = String(port);
  return { url: url.toString(), stop: pooler.stop };
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
