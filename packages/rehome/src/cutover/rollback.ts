import type { MoveConfig } from "../config/define.ts";
import { compileBackward, onTheWayBack, takeLegacy, type WayBack } from "../copy/backward-pass.ts";
import { MoveError } from "../errors.ts";
import { holdEpoch, noteChange, readMove, recordEvent, setState, takeMove } from "../ledger/ledger.ts";
import { type Catalog, readCatalog } from "../postgres/catalog.ts";
import { query, transaction } from "../postgres/query.ts";
import type { Progress } from "../progress.ts";
import { proveRows } from "../verify/rows.ts";
import { type BroughtBack, bringBackPeople, newcomersLeft } from "./bring-back-people.ts";
import { carryNamesBack, namesLeft } from "./carry-names-back.ts";
import { type Connections, type Freeze, whileFrozen, withConnections } from "./freeze.ts";
import { notePractices } from "./note-practices.ts";
import { advanceSequences } from "./sequences.ts";
import { settle, settleAfresh, waitForFreezes } from "./settle.ts";

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
/** How often the freeze is given up again because somebody signed up, or changed a name, in the moment before it. */
const ROUNDS = 3;

/**
 * Moves the product back to legacy without losing a write: carry the target's changes back, freeze the target, drain, prove, switch. Legacy is written
 * for good only when it is proved equal.
 *
 * A failure before the switch leaves the target serving and writable. May be run again after any interruption.
 */
export async function rollback(config: MoveConfig, progress: Progress): Promise<RollbackFigures> {
  return withConnections(config, "target", async (connections) => {
    const { legacy, target } = connections;
    const epoch = await takeMove(target, "rollback");
    await takeLegacy(legacy, epoch);
    const move = await readMove(target);
    await waitForFreezes(legacy, target, config.maxFreezeMs);
    // A rollback that died after the switch had turned is at its end; a cutover that died before has nothing to carry back.
    const states = move.state === "rolling_back" ? STATES : ({ legacy: "copied", target: "switched" } as const);
    if ((await settle(legacy, target, epoch, states)) === "legacy")
      return { outcome: "retreated", freezeMs: 0, carriedBack: 0, ...countPeople([], []) };
    await transaction(target, async () => {
      await setState(target, epoch, "rolling_back", null);
      await noteChange(target, epoch, "rollback");
    });
    try {
      return await freezeAndSwitchBack(config, connections, epoch, progress);
    } catch (error) {
      // The target serves on, or legacy if the switch has turned.
      await settleAfresh(config, epoch, STATES);
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
  const { legacy, target } = connections;
  const catalogs = { legacy: await readCatalog(legacy, "legacy"), target: await readCatalog(target, "the target") };
  const tables = compileBackward(config, catalogs.legacy, catalogs.target);
  const broughtBack: BroughtBack[] = [];
  const names: Awaited<ReturnType<typeof carryNamesBack>>[] = [];
  return onTheWayBack(legacy, target, tables, epoch, async (wayBack) => {
    let carriedBack = 0;
    for (let round = 1; ; round++) {
      // Clerk and WorkOS are asked before the freeze and after the switch, never while writes are refused.
      progress.step("bring back people");
      broughtBack.push(await bringBackPeople(config, target, epoch));
      names.push(await carryNamesBack(config, target, epoch));
      progress.step("carry back");
      carriedBack += await wayBack.drain();

      progress.step("freeze");
      const freezeMs = await whileFrozen(connections, config.maxFreezeMs, async (freeze) => {
        const late = { people: await newcomersLeft(config, target), names: (await namesLeft(config, target)).length };
        if (late.people + late.names > 0 && round <= ROUNDS) return null;
        if (late.people > 0) broughtBack.push(await bringBackPeople(config, target, epoch, "stand_in"));
        progress.step("drain");
        carriedBack += await wayBack.drain();
        await proveAndCommit(config, connections, catalogs, wayBack, progress);
        progress.step("switch");
        await turn(connections, epoch, freeze);
        await settle(legacy, target, epoch, STATES);
        return freeze.elapsedMs();
      });
      if (freezeMs === null) continue; // somebody signed up, or changed a name, a moment ago
      progress.step("unfreeze");
      // Legacy serves already: what Clerk does not take now is listed.
      names.push(
        await carryNamesBack(config, target, epoch).catch(async () => ({
          people: 0,
          refused: await namesLeft(config, target).catch(() => []),
        })),
      );
      await notePractices(config, target, epoch).catch(() =>
        recordEvent(target, "rollback", "practices that were made in the last moment are not noted; the next rollback notes them"),
      );
      await recordEvent(target, "rollback", `switched back to legacy; writes were refused for ${freezeMs} ms`, freezeMs / 1000);
      return { outcome: "rolled_back", freezeMs, carriedBack, ...countPeople(broughtBack, names) };
    }
  });
}

/** Legacy is compared as it would be, and written for good only if it is equal. */
async function proveAndCommit(
  config: MoveConfig,
  { legacy, target }: Connections,
  catalogs: { legacy: Catalog; target: Catalog },
  wayBack: WayBack,
  progress: Progress,
): Promise<void> {
  if ((await wayBack.pending()) > 0)
    throw new MoveError("QUERY_FAILED", "Changes appeared on the target although it is frozen.", {
      next: "Run `rehome check`: a table may lack its trigger.",
    });
  progress.step("prove");
  const { proof } = await proveRows(legacy, target, config);
  if (!proof.ok) {
    throw new MoveError("GATE_CLOSED", `Inside the freeze the rows are not equal: ${proof.offenders.join("; ")}.`, {
      next: "The target serves as before, and legacy is as it was. Mend what is named, then run `rehome rollback` again.",
    });
  }
  await advanceSequences(legacy, target, catalogs, config.tables, "legacy");
  await wayBack.commit();
}

/** In the same order as the cutover's `turn`: the switch, the closing on the target's disk, the commit. */
async function turn({ target }: Connections, epoch: string, freeze: Freeze): Promise<void> {
  await transaction(target, async () => {
    await holdEpoch(target, epoch);
    await query(
      target,
      "turn the switch to legacy",
      "update rehome.switch set side = 'legacy', epoch = epoch + 1, at = now() where side = 'target'",
    );
    await query(target, "clear the target's change log", "delete from rehome.change");
    // From here on Clerk's passwords and factors are the ones in use; the next run sends them all again.
    // Whoever was never sent a password keeps the one they set at WorkOS since.
    await query(
      target,
      "forget what WorkOS was sent",
      `update rehome.identity set account_print = null, totp_print = null,
              password_print = case when password_print in ('none', 'closed') then password_print end`,
    );
    await freeze.close();
  });
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
