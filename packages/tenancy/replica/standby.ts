import { chownSync, cpSync, mkdtempSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startTied } from "../pooler/tied-process.ts";

export interface Standby {
  /** The same address on the standby: same database, same login. */
  url(primaryUrl: string): string;
  stop(): Promise<void>;
}

// What a base backup leaves out (Postgres manual, "Making a Base Backup Using the Low Level API"): files of the running server, and what is
// in these folders.
const NOT_COPIED = /[/\\](?:postmaster\.(?:pid|opts)|pg_internal\.init.*|pgsql_tmp.*)$/;
const EMPTIED = /[/\\](?:pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)[/\\]/;

/**
 * A streaming, hot standby of a running server on this machine, from a base backup taken by hand (pg_backup_start, copy, pg_backup_stop: the
 * server's npm package has no pg_basebackup). It runs as the account that the primary's files belong to.
 *
 * @param primary superuser URL; the server must let that user replicate without a password
 */
export async function startStandby(primary: string): Promise<Standby> {
  const client = new pg.Client({ connectionString: primary });
  await client.connect();
  const home = mkdtempSync(join(tmpdir(), "rehome-standby-"));
  const data = join(home, "data");
  const { bin, source, slot } = await facts(client);
  // The slot keeps the log from the backup's beginning on, so that none of it needs to be copied.
  await client.query("select pg_create_physical_replication_slot($1, true)", [slot]);
  await client.query("select pg_backup_start('standby', true)");
  cpSync(source, data, { recursive: true, filter: (path) => !NOT_COPIED.test(path) && !EMPTIED.test(path) });
  const { rows } = await client.query<{ labelfile: string }>("select labelfile from pg_backup_stop(false)");
  writeFileSync(join(data, "backup_label"), rows[0]?.labelfile ?? "");
  writeFileSync(join(data, "standby.signal"), "");
  await client.end();

  const owner = statSync(source);
  chownAll(home, owner.uid, owner.gid);
  const account = process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {};
  const port = await freePort();
  const { hostname, port: primaryPort, username } = new URL(primary);
  const settings = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    `primary_conninfo=host=${hostname} port=${primaryPort} user=${username}`,
    `primary_slot_name=${slot}`,
    "hot_standby_feedback=on",
    "fsync=off",
    "timezone=UTC",
    "max_connections=200", // no fewer than the primary's
  ].flatMap((setting) => ["-c", setting]);
  const server = await startTied({
    command: join(bin, "postgres"),
    args: ["-D", data, "-p", String(port), ...settings],
    home,
    signal: "INT",
    readyWhen: "ready to accept read-only connections",
    ...account,
  });
  return {
    url(primaryUrl) {
      const url = new URL(primaryUrl);
      url.port = String(port);
      return url.toString();
    },
    async stop() {
      await server.stop();
      await dropSlot(primary, slot);
    },
  };
}

async function facts(client: pg.Client): Promise<{ bin: string; source: string; slot: string }> {
  const { rows } = await client.query<{ bin: string; source: string }>(
    "select (select setting from pg_config where name = 'BINDIR') as bin, current_setting('data_directory') as source",
  );
  const [row] = rows;
  if (!row) throw new Error("The primary did not say where its files are.");
  return { ...row, slot: `standby_${process.pid}` };
}

async function dropSlot(primary: string, slot: string): Promise<void> {
  const client = new pg.Client({ connectionString: primary });
  await client.connect();
  await client.query("select pg_drop_replication_slot($1)", [slot]);
  await client.end();
}

function chownAll(path: string, uid: number, gid: number): void {
  if (process.getuid?.() !== 0) return;
  chownSync(path, uid, gid);
  if (!statSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) chownAll(join(path, name), uid, gid);
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
