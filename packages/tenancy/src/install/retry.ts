import { setTimeout as sleep } from "node:timers/promises";
import { withoutRowData } from "../errors.ts";

// Somebody else created or changed the same thing at the same moment: unique violation in a catalog, duplicate schema, table, role, deadlock.
const CLASHES = new Set(["23505", "42P06", "42P07", "42710", "42723", "40P01", "40001"]);

/**
 * Runs an idempotent installation step again when another connection did the same at that moment. Roles are shared by all databases of a
 * server, so this happens whenever two databases are set up at once. At most 30 attempts, a few seconds.
 */
export async function retryClashes<T>(step: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step();
    } catch (error) {
      if (attempt >= 30 || !isClash(error)) throw error;
      await sleep(Math.random() * 20 * attempt);
    }
  }
}

function isClash(error: unknown): boolean {
  if (CLASHES.has(withoutRowData(error).sqlstate ?? "")) return true;
  return error instanceof Error && /tuple concurrently (updated|deleted)/.test(error.message); // XX000: catalogs have no state of their own for it
}
