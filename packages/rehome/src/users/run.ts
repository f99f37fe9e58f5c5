import type { MoveConfig } from "../config/define.ts";
import { recordEvent, takeMove } from "../ledger/ledger.ts";
import { readLegacyUsers } from "../legacy/read-users.ts";
import { decide } from "../plan/dispositions.ts";
import { withConnection } from "../postgres/connect.ts";
import type { Progress } from "../progress.ts";
import { saveIdentities } from "./identities.ts";
import { moveUsers } from "./move-users.ts";
import { SharedPacer } from "./pacer.ts";
import { provisionRoles } from "./provision-roles.ts";
import { limitsOf, openWorkos } from "./workos.ts";

export interface UserFigures {
  total: number;
  /** People for whom requests were sent in this run. */
  workedOn: number;
  seconds: number;
}

/** Reads Clerk, decides, and makes every moving person exist at WorkOS. May be run again; goes on where it stopped. */
export async function runUsers(config: MoveConfig, progress: Progress): Promise<UserFigures> {
  const startedAt = performance.now();
  progress.step("read Clerk");
  const people = await readLegacyUsers(config.legacy.clerk);
  const decisions = decide(people, config.users);
  return withConnection(config.target.mover, "target", async (target) => {
    const epoch = await takeMove(target, "users");
    await saveIdentities(target, people, decisions, config.users, epoch);
    const workedOn = await withConnection(config.target.mover, "target", async (pacing) => {
      const workos = openWorkos(config.target.workos, new SharedPacer(pacing, limitsOf(config.target.workos)));
      progress.step("roles");
      await provisionRoles(workos, config.users.workosRoles);
      progress.step("users");
      const byId = new Map(people.map((user) => [user.id, user]));
      return moveUsers(target, workos, byId, config.users.ownerRole, epoch, (done, total) => progress.advance("users", done, total));
    });
    const seconds = (performance.now() - startedAt) / 1000;
    await recordEvent(target, "users", `${workedOn} people worked on`, seconds);
    return { total: people.length, workedOn, seconds };
  });
}
