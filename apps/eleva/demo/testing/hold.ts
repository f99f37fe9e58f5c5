import { connect } from "./connect.ts";

export interface Hold {
  /** Until some other session waits for what is held. */
  waitedFor(): Promise<void>;
  /** Ends the holding transaction, keeping or undoing what it wrote. */
  release(how?: "commit" | "rollback"): Promise<void>;
}

const PATIENCE_MS = 30_000;

/**
 * Makes the mover wait at one place: takes locks in a session of its own and keeps them. So a test stops the mover exactly where it wants to,
 * without a hook in the mover.
 *
 * @param url who holds
 * @param sql what takes the locks
 */
export async function hold(url: string, sql: string): Promise<Hold> {
  const holder = await connect(url);
  await holder.query("begin");
  await holder.query(sql);
  const { rows } = await holder.query<{ pid: number }>("select pg_backend_pid() as pid");
  // Another session looks, as a superuser: the holder's own must stay as it is.
  const observer = await connect(url.replace(/\/\/[^@]*@/, "//postgres@"));
  return {
    async waitedFor() {
      for (const since = performance.now(); performance.now() - since < PATIENCE_MS; ) {
        const waiting = await observer.query("select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))", [rows[0]?.pid]);
        if (waiting.rowCount) return;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      throw new Error(`Nobody waited for "${sql}" within ${PATIENCE_MS} ms.`);
    },
    async release(how = "rollback") {
      await holder.query(how);
      await Promise.all([holder.end(), observer.end()]);
    },
  };
}
