import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { recordEvent, takeMove } from "../ledger/ledger.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { readLegacyUsers } from "../legacy/read-users.ts";
import { decide } from "../plan/dispositions.ts";
import { withConnection } from "../postgres/connect.ts";
import { query } from "../postgres/query.ts";
import type { Progress } from "../progress.ts";
import { type Wanted, wantedOf } from "./account.ts";
import { settleDoubts } from "./doubts.ts";
import { fenceOf } from "./fence.ts";
import { saveIdentities } from "./identities.ts";
import type { Known } from "./known.ts";
import { moveUsers, type Worked } from "./move-users.ts";
import { parkAddresses } from "./parking.ts";
import { provisionRoles } from "./provision-roles.ts";
import { type Removed, refuseMassRemoval, retreatPeople } from "./retreat.ts";
import { openWorkos } from "./workos.ts";

export interface UserFigures extends Worked {
  total: number;
  /** People who no longer move, with what was taken away at WorkOS. */
  removed: Removed[];
  seconds: number;
}

export interface UserOptions {
  /** How many people who no longer move may be removed at WorkOS, where that is more than ordinary life explains. */
  remove?: number;
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
  const decisions = decide(people, config.users.roles);
  return withConnection(config.target.mover, "target", (target) =>
    withConnection(config.target.mover, "target", async (fence) => {
      const epoch = await takeMove(target, "users");
      const unwritable = await saveIdentities(target, people, decisions, config.users, epoch);
      await refuseMassRemoval(target, options.remove ?? 0);
      const workos = openWorkos(config.target.workos, fenceOf(fence, epoch));
      progress.step("roles");
      await provisionRoles(workos, config.users.workosRoles);
      const wanted = await wantedFrom(target, people, config.users);
      const removed = await retreatPeople(target, workos, epoch);
      await parkAddresses(target, workos, epoch, config.users.parkingDomain);
      progress.step("users");
      const worked = await moveUsers(target, workos, epoch, wanted, null, (done, total) => progress.advance("users", done, total));
      await settleDoubts(target, workos, epoch, config.target.workos.settleSeconds * 1000, wanted);
      // Somebody refused half-way must not be left there half: an account without its factor lets in who lacks the code.
      const halves = await retreatPeople(target, workos, epoch);
      const figures: UserFigures = {
        total: people.length,
        ...worked,
        refused: [...unwritable, ...worked.refused],
        removed: [...removed, ...halves.filter((one) => !worked.refused.some((refused) => refused.id === one.id))],
        seconds: (performance.now() - startedAt) / 1000,
      };
      await recordEvent(target, "users", summary(figures), figures.seconds);
      return figures;
    }),
  );
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
