import type pg from "pg";
import { replayOnLegacy, writeOnTarget } from "../src/product/run-writes.ts";
import type { NewPractice } from "../src/product/scene.ts";
import { pairedWrites } from "../src/product/writes.ts";
import { sessionOf, workosOf } from "./proofs/workos.ts";
import type { DemoWorld } from "./world.ts";

/** Twice every kind of write that the product makes. */
const WRITES = 66;

/** How many people are offered a practice of their own, as after the click on "become an expert". */
const EXPERTS_TO_BE = 10;

/** What the product asks of WorkOS before its sync job mirrors it: an organization beside the home, and the membership. */
async function foundAtWorkos(world: DemoWorld, people: readonly { id: string; user: string }[]): Promise<Map<string, NewPractice>> {
  const workos = workosOf(world.sandbox.workos);
  const practices = new Map<string, NewPractice>();
  for (const { id, user } of people) {
    const externalId = `founded:expert_individual:${user}`;
    const { id: orgId } = await workos.organizations.createOrganization({ name: "Nova Pessoa", externalId });
    const membership = await workos.userManagement.createOrganizationMembership({ organizationId: orgId, userId: user, roleSlug: "owner" });
    practices.set(id, { orgId, membershipId: membership.id });
  }
  return practices;
}

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
  const { rows } = await target.query<{ id: string; user: string; practice: string | null }>(
    `select i.legacy_user_id as id, i.workos_user_id as "user", i.workos_practice_id as practice
       from rehome.identity i join users u using (workos_user_id) where i.moved order by u.legacy_row, 1`,
  );
  const people = new Map(rows.map((row) => [row.id, row]));
  const { now, encryptionKey } = eleva;
  const practices = await foundAtWorkos(world, rows.filter(({ practice }) => practice === null).slice(0, EXPERTS_TO_BE));
  const writes = await pairedWrites(target, { seed: "after cutover", count: WRITES, now, encryptionKey, practices });
  const statements = await writeOnTarget(writes, {
    loginUrl: env["DATABASE_URL"] ?? "",
    workerUrl: env["WORKER_DATABASE_URL"] ?? "",
    tokenOf: (legacyUserId, orgId) => {
      const person = people.get(legacyUserId);
      if (!person) throw new Error("A write was to be made by somebody who did not move.");
      return sessionOf(sandbox.workos, person.user, orgId);
    },
  });
  await replayOnLegacy(replayed, statements);
  return writes.length;
}
