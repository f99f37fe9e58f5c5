import type { MoveConfig } from "../config/define.ts";
import { takeLegacy } from "../copy/backward-pass.ts";
import { derive } from "../copy/copy.ts";
import { pendingChanges } from "../copy/drain.ts";
import { compileAll } from "../copy/forward-pass.ts";
import { drainLegacy } from "../copy/sync.ts";
import { MoveError } from "../errors.ts";
import { holdEpoch, recordEvent, setState, takeMove } from "../ledger/ledger.ts";
import { type Catalog, readCatalog } from "../postgres/catalog.ts";
import { query, transaction } from "../postgres/query.ts";
import type { Progress } from "../progress.ts";
import { proveReferences } from "../verify/references.ts";
import { proveRows } from "../verify/rows.ts";
import { type Connections, type Freeze, whileFrozen, withConnections } from "./freeze.ts";
import { assertGate, readGate } from "./gate.ts";
import { noteParents } from "./note-parents.ts";
import { checkPeopleSince } from "./people-since.ts";
import { advanceSequences } from "./sequences.ts";
import { settle, settleAfresh, waitForFreezes } from "./settle.ts";

export interface CutoverFigures {
  /** False when the product already ran on the target. */
  switched: boolean;
  /** How long writes were refused, from the freeze to the switch. */
  freezeMs: number;
  /** Log entries carried inside the freeze. */
  drained: number;
}

const STATES = { legacy: "copied", target: "switched" } as const;

/**
 * Moves the product to the target: freeze legacy, drain what is left, prove it, switch, unfreeze.
 *
 * A failure before the switch retreats: legacy serves and is writable. A process that dies inside is cleaned up by the next `cutover` or
 * `rollback`; the freeze itself ends with its connection, and at `maxFreezeMs`.
 *
 * @throws MoveError GATE_CLOSED, PHASE_REFUSED, QUERY_FAILED, FENCED, FREEZE_BLOCKED, FREEZE_EXPIRED
 */
export async function cutover(config: MoveConfig, progress: Progress): Promise<CutoverFigures> {
  return withConnections(config, "legacy", async (connections) => {
    const { legacy, target } = connections;
    const epoch = await takeMove(target, "cutover");
    await takeLegacy(legacy, epoch);
    await waitForFreezes(legacy, target, config.maxFreezeMs);
    if ((await settle(legacy, target, epoch, STATES)) === "target") return { switched: false, freezeMs: 0, drained: 0 };
    progress.step("gate");
    assertGate([await checkPeopleSince(target, config), ...(await readGate(target, config))]);
    await setState(target, epoch, "cutting_over", "gate");
    try {
      return await freezeAndSwitch(config, connections, epoch, progress);
    } catch (error) {
      // Back to where legacy serves, or on to the target if the switch has turned.
      await settleAfresh(config, epoch, STATES);
      throw error;
    }
  });
}

async function freezeAndSwitch(config: MoveConfig, connections: Connections, epoch: string, progress: Progress): Promise<CutoverFigures> {
  const { legacy, target } = connections;
  const catalogs = { legacy: await readCatalog(legacy, "legacy"), target: await readCatalog(target, "the target") };
  const tables = compileAll(config, catalogs.legacy, catalogs.target);
  progress.step("catch up");
  await drainLegacy(legacy, target, tables, config, epoch);

  progress.step("freeze");
  const figures = await whileFrozen(connections, config.maxFreezeMs, async (freeze) => {
    const drained = await drainAndProve(config, connections, tables, catalogs, epoch, progress);
    progress.step("switch");
    await turn(connections, epoch, freeze);
    await settle(legacy, target, epoch, STATES);
    return { switched: true, freezeMs: freeze.elapsedMs(), drained };
  });
  progress.step("unfreeze");
  const { freezeMs } = figures;
  await recordEvent(target, "cutover", `switched to the target; writes were refused for ${freezeMs} ms`, freezeMs / 1000);
  return figures;
}

async function drainAndProve(
  config: MoveConfig,
  { legacy, target }: Connections,
  tables: ReturnType<typeof compileAll>,
  catalogs: { legacy: Catalog; target: Catalog },
  epoch: string,
  progress: Progress,
): Promise<number> {
  progress.step("drain");
  const drained = await drainLegacy(legacy, target, tables, config, epoch);
  if ((await pendingChanges(legacy)) > 0)
    throw new MoveError("QUERY_FAILED", "Changes appeared on legacy although it is frozen.", {
      next: "Run `rehome check`: a table may lack its trigger.",
    });
  await derive(target, config, epoch);
  await noteParents(legacy, target, config, catalogs.legacy, epoch);

  progress.step("prove");
  const proofs = [(await proveRows(legacy, target, config)).proof, await proveReferences(target, config)];
  const broken = proofs.filter((proof) => !proof.ok);
  if (broken.length > 0) {
    throw new MoveError(
      "GATE_CLOSED",
      `Inside the freeze a proof does not hold: ${broken.map((proof) => `${proof.name} (${proof.offenders.join("; ")})`).join(" ")}.`,
      {
        next: "Legacy serves as before. Run `rehome verify`, mend what it names, then `rehome cutover` again.",
      },
    );
  }
  await advanceSequences(legacy, target, catalogs, config.tables, "target");
  return drained;
}

/**
 * First the switch is turned, but not committed: whatever may have to be waited for is behind us then. Legacy closes for good, on its disk, and the
 * commit follows. Were it the other way round, both sides could take writes; a process that dies between the two leaves neither writable until the
 * next verb. The move is held meanwhile: a verb that takes over finds legacy either open or closed with the switch turned.
 */
async function turn({ target }: Connections, epoch: string, freeze: Freeze): Promise<void> {
  await transaction(target, async () => {
    await holdEpoch(target, epoch);
    await query(target, "clear the target's change log", "delete from rehome.change");
    await query(
      target,
      "turn the switch to the target",
      "update rehome.switch set side = 'target', epoch = epoch + 1, at = now() where side = 'legacy'",
    );
    await freeze.close();
  });
}
