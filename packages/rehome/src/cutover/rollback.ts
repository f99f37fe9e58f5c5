import type { MoveConfig } from "../config/define.ts";
import { compileBackward, drainTarget, takeLegacy } from "../copy/backward-pass.ts";
import { setFence } from "../copy/capture.ts";
import { pendingChanges } from "../copy/sync.ts";
import { MoveError } from "../errors.ts";
import { holdEpoch, readMove, recordEvent, setState, takeMove } from "../ledger/ledger.ts";
import { readCatalog } from "../postgres/catalog.ts";
import { query, transaction } from "../postgres/query.ts";
import type { Progress } from "../progress.ts";
import { proveRows } from "../verify/rows.ts";
import { type BroughtBack, bringBackPeople } from "./bring-back-people.ts";
import { carryNamesBack } from "./carry-names-back.ts";
import { beginFreeze, type Connections, withConnections } from "./freeze.ts";
import { advanceSequences } from "./sequences.ts";
import { settle, waitForFreezes } from "./settle.ts";

export interface RollbackFigures {
  /** `retreated` from a cutover that had not switched; `rolled_back` from the target. */
  outcome: "retreated" | "rolled_back";
  /** How long writes were refused. */
  freezeMs: number;
  /** Log entries carried back to legacy, before and inside the freeze. */
  carriedBack: number;
  /** People who signed up after the cutover and now have a Clerk user. */
  peopleBroughtBack: number;
  /** WorkOS user ids of people who signed up after the cutover and whom Clerk did not take; their rows name a stand-in. */
  peopleRefused: string[];
  /** People whose changed names or country Clerk knows now. */
  namesCarriedBack: number;
  /** Legacy ids of people whose changed names Clerk did not accept. */
  namesRefused: string[];
}

const STATES = { legacy: "rolled_back", target: "switched" } as const;

/**
 * Moves the product back to legacy without losing a write: carry the target's changes back, freeze the target, drain, prove, switch.
 *
 * A failure before the switch leaves the target serving and writable. May be run again after any interruption.
 */
export async function rollback(config: MoveConfig, progress: Progress): Promise<RollbackFigures> {
  return withConnections(config, "target", async (connections) => {
    const { legacy, target } = connections;
    const epoch = await takeMove(target, "rollback");
    await takeLegacy(legacy, epoch);
    const move = await readMove(target);
    await waitForFreezes(legacy, target);
    // A rollback that died after the switch had turned is at its end; a cutover that died before has nothing to carry back.
    const states = move.state === "rolling_back" ? STATES : ({ legacy: "copied", target: "switched" } as const);
    if ((await settle(legacy, target, epoch, states)) === "legacy")
      return { outcome: "retreated", freezeMs: 0, carriedBack: 0, ...countPeople([], []) };
    await setState(target, epoch, "rolling_back", null);
    try {
      return await freezeAndSwitchBack(config, connections, epoch, progress);
    } catch (error) {
      // The target serves on, or legacy if the switch has turned. What fails here is settled by the next verb.
      await settle(legacy, target, epoch, STATES).catch(() => {});
      throw error;
    }
  });
}

async function freezeAndSwitchBack(
  config: MoveConfig,
  connections: Connections,
  epoch: string,
  progress: Progress,
): Promise<RollbackFigures> {
  const { legacy, fence, target } = connections;
  const catalogs = { legacy: await readCatalog(legacy, "legacy"), target: await readCatalog(target, "the target") };
  const tables = compileBackward(config, catalogs.legacy, catalogs.target);
  progress.step("bring back people");
  const broughtBack = [await bringBackPeople(config, target, epoch)];
  const names = [await carryNamesBack(config, target, epoch)];
  progress.step("carry back");
  let carriedBack = await drainTarget(legacy, target, tables, epoch);

  progress.step("freeze");
  const freeze = await beginFreeze(connections);

  progress.step("drain");
  broughtBack.push(await bringBackPeople(config, target, epoch));
  names.push(await carryNamesBack(config, target, epoch));
  carriedBack += await drainTarget(legacy, target, tables, epoch);
  if ((await pendingChanges(target)) > 0)
    throw new MoveError("QUERY_FAILED", "Changes appeared on the target although it is frozen.", {
      next: "Run `rehome check`: a table may lack its trigger.",
    });

  progress.step("prove");
  const { proof } = await proveRows(legacy, target, config);
  if (!proof.ok) {
    throw new MoveError("GATE_CLOSED", `Inside the freeze the rows are not equal: ${proof.offenders.join("; ")}.`, {
      next: "The target serves as before. Mend what is named, then run `rehome rollback` again.",
    });
  }
  await advanceSequences(legacy, target, catalogs, config.tables, "legacy");

  progress.step("switch");
  await transaction(target, async () => {
    await holdEpoch(target, epoch);
    await setFence(fence, "closed");
    await query(
      target,
      "turn the switch to legacy",
      "update rehome.switch set side = 'legacy', epoch = epoch + 1, at = now() where side = 'target'",
    );
    // From here on Clerk's passwords and factors are the ones in use; the next run sends them all again.
    // Whoever was never sent a password keeps the one they set at WorkOS since.
    await query(
      target,
      "forget what WorkOS was sent",
      `update rehome.identity set account_print = null, totp_print = null,
              password_print = case when password_print in ('none', 'closed') then password_print end`,
    );
  });
  await settle(legacy, target, epoch, STATES);
  const freezeMs = freeze.elapsedMs();

  progress.step("unfreeze");
  await freeze.end();
  await recordEvent(target, "rollback", `switched back to legacy; writes were refused for ${freezeMs} ms`, freezeMs / 1000);
  return { outcome: "rolled_back", freezeMs, carriedBack, ...countPeople(broughtBack, names) };
}

function countPeople(
  broughtBack: readonly BroughtBack[],
  names: readonly { people: number; refused: string[] }[],
): Pick<RollbackFigures, "peopleBroughtBack" | "peopleRefused" | "namesCarriedBack" | "namesRefused"> {
  const sum = (counts: readonly { people: number }[]) => counts.reduce((total, count) => total + count.people, 0);
  return {
    peopleBroughtBack: sum(broughtBack),
    peopleRefused: broughtBack.flatMap((one) => one.refused),
    namesCarriedBack: sum(names),
    namesRefused: [...new Set(names.flatMap((one) => one.refused))],
  };
}
