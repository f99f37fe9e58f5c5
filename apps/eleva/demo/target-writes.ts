import type pg from "pg";
import { replayOnLegacy, writeOnTarget } from "../src/product/run-writes.ts";
import { pairedWrites } from "../src/product/writes.ts";
import { sessionOf } from "./proofs/workos.ts";
import type { DemoWorld } from "./world.ts";

/** Twice every kind of write that the product makes. */
const WRITES = 64;

/**
 * Lets the product write on the target as it would after a cutover (people under their token, jobs under their role), and does the same to a
 * legacy database that never moved.
 *
 * @param target a connection past row security, to pick rows with
 * @param replayed the other legacy database, as the product's role
 * @returns how many writes were made
 */
export async function movedAndWritten(world: DemoWorld, target: pg.Client, replayed: pg.Client): Promise<number> {
  const { eleva, sandbox, env } = world;
  const { rows } = await target.query<{ id: string; user: string; org: string }>(
    `select legacy_user_id as id, workos_user_id as "user", workos_organization_id as org from rehome.identity where moved`,
  );
  const people = new Map(rows.map((row) => [row.id, row]));
  const writes = await pairedWrites(target, { seed: "after cutover", count: WRITES, now: eleva.now, encryptionKey: eleva.encryptionKey });
  const statements = await writeOnTarget(writes, {
    loginUrl: env["DATABASE_URL"] ?? "",
    workerUrl: env["WORKER_DATABASE_URL"] ?? "",
    tokenOf: (legacyUserId) => {
      const person = people.get(legacyUserId);
      if (!person) throw new Error("A write was to be made by somebody who did not move.");
      return sessionOf(sandbox.workos, person.user, person.org);
    },
  });
  await replayOnLegacy(replayed, statements);
  return writes.length;
}
