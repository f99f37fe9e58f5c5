import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { recordEvent, takeMove } from "../ledger/ledger.ts";
import { recordAcceptances } from "../ledger/resolutions.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { readLegacyUsers } from "../legacy/read-users.ts";
import { decide } from "../plan/dispositions.ts";
import { withConnection } from "../postgres/connect.ts";
import { query } from "../postgres/query.ts";
import type { Progress } from "../progress.ts";
import { type Wanted, wantedOf } from "./account.ts";
import { saveClerkPrints } from "./clerk-print.ts";
import { cohortOf } from "./cohort.ts";
import { compareUsers } from "./compare.ts";
import { settleDoubts } from "./doubts.ts";
import { holdNobodyUp } from "./fence.ts";
import { withFencedWorkos } from "./fenced-workos.ts";
import { saveIdentities } from "./identities.ts";
import type { Known } from "./known.ts";
import { moveUsers, type Worked } from "./move-users.ts";
import { parkAddresses } from "./parking.ts";
import { provisionRoles } from "./provision-roles.ts";
import { type Repaired, reconcile } from "./reconcile.ts";
import { type Removed, refuseMassRemoval, retreatPeople } from "./retreat.ts";
import type { PacedWorkos } from "./workos.ts";

export interface UserFigures extends Worked {
  total: number;
  /** People who no longer move, with what was taken away at WorkOS. */
  removed: Removed[];
  /** With `reconcile`: what was not as it should be. */
  repaired: Repaired[];
  /** With `only`: who these people are. */
  cohort: string[] | null;
  seconds: number;
}

export interface UserOptions {
  /** How many people who no longer move may be removed at WorkOS, where that is more than ordinary life explains. */
  remove?: number;
  /** Legacy ids, addresses or organizations of Clerk: only these people are worked on. */
  only?: readonly string[];
  /** Repairs what somebody changed by hand at WorkOS. */
  reconcile?: boolean;
}

/**
 * Reads Clerk, decides, and makes WorkOS say of everybody what Clerk says: who moves exists there as Clerk knows them, who no longer moves does not.
 *
 * May be run again; goes on where it stopped.
 */
export async function runUsers(config: MoveConfig, progress: Progress, options: UserOptions = {}): Promise<UserFigures> {
  const startedAt = performance.now();
  progress.step("read Clerk");
  const people = await readLegacyUsers(config.legacy.clerk);
  const decisions = decide(people, config.users);
  const cohort = options.only ? await cohortOf(options.only, people, config.legacy.clerk) : null;
  return withConnection(config.target.mover, "target", async (target) => {
    await holdNobodyUp(target);
    const epoch = await takeMove(target, "users");
    const unwritable = await saveIdentities(target, people, decisions, config.users, epoch);
    // A cohort proves nothing of the others: they stay as they were seen when everybody was asked.
    if (!cohort) await saveClerkPrints(target, people, epoch);
    await recordAcceptances(target, config.users.accept);
    if (!cohort) await refuseMassRemoval(target, options.remove ?? 0);
    const work = await withFencedWorkos(config, epoch, async (workos) => {
      progress.step("roles");
      await provisionRoles(workos, config.users.workosRoles);
      const wanted = await wantedFrom(target, people, config.users);
      const repaired = options.reconcile ? await repair(target, workos, epoch, people, config, progress) : [];
      const removed = await retreatPeople(target, workos, epoch, cohort);
      await parkAddresses(target, workos, epoch, config.users.parkingDomain);
      progress.step("users");
      const worked = await moveUsers(target, workos, epoch, wanted, cohort, paceOf(config, progress));
      await settleDoubts(target, workos, epoch, config.target.workos.settleSeconds * 1000, wanted);
      // Somebody refused half-way must not be left there half: an account without its factor lets in who lacks the code.
      const refused = worked.refused.map((one) => one.id);
      const halves = await retreatPeople(target, workos, epoch, refused);
      return { ...worked, refused: [...unwritable, ...worked.refused], removed: [...removed, ...halves], repaired };
    });
    const figures: UserFigures = { total: people.length, ...work, cohort, seconds: (performance.now() - startedAt) / 1000 };
    await recordEvent(target, "users", summary(figures), figures.seconds);
    return figures;
  });
}

/** How often the pace is said anew. */
const PACE_MS = 2_000;

/** Says how fast people are made, what share of the allowed rate that is (two writes a person), and how long it will take. */
function paceOf({ target }: MoveConfig, progress: Progress): (done: number, total: number) => void {
  const allowed = (target.workos.limits.writesPer10s * target.workos.shareOfLimit) / 10 / 2;
  let from: { at: number; done: number } | undefined;
  let saidAt = 0;
  let note: string | undefined;
  return (done, total) => {
    const now = performance.now();
    from ??= { at: now, done };
    if (now - saidAt >= PACE_MS && done > from.done && now > from.at) {
      const perSecond = ((done - from.done) / (now - from.at)) * 1_000;
      const share = Math.round((perSecond / allowed) * 100);
      note = `${perSecond.toFixed(1)} users/s, ${share} % of the allowed rate, ${Math.ceil((total - done) / perSecond)} s left`;
      saidAt = now;
    }
    progress.advance("users", done, total, note);
  };
}

async function repair(
  target: ClientBase,
  workos: PacedWorkos,
  epoch: string,
  people: readonly LegacyUser[],
  config: MoveConfig,
  progress: Progress,
): Promise<Repaired[]> {
  progress.step("compare");
  const onProgress = (done: number, total: number) => progress.advance("people asked", done, total);
  return reconcile(target, workos, epoch, await compareUsers(target, workos, epoch, people, config.users, { fresh: true, onProgress }));
}

/** What WorkOS shall say of somebody; undefined for one whom Clerk does not know. */
async function wantedFrom(
  client: ClientBase,
  people: readonly LegacyUser[],
  config: MoveConfig["users"],
): Promise<(known: Known) => Wanted | undefined> {
  const [move] = await query<{ id: string }>(client, "read which move this is", "select id::text from rehome.move");
  const byId = new Map(people.map((user) => [user.id, user]));
  return (known) => {
    const user = byId.get(known.legacyUserId);
    return user && wantedOf(user, known.names, config, move?.id ?? "");
  };
}

function summary({ created, changes, removed, refused }: UserFigures): string {
  return `${created} people created, ${changes.length} changed, ${removed.length} removed, ${refused.length} refused`;
}
