import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { readFence, setFence } from "../copy/fence.ts";
import { holdEpoch, type Move, readMove, setState } from "../ledger/ledger.ts";
import type { MoveState } from "../ledger/phases.ts";
import { withConnection } from "../postgres/connect.ts";
import { query, transaction } from "../postgres/query.ts";

/**
 * Puts both fences where the switch says they belong and notes the state that goes with it.
 *
 * The resting side is closed, on its disk, before the serving one opens: each is a transaction that is committed by then, so a server that crashes
 * does not come back in another state. Holds the move meanwhile: what a verb that was overtaken closed or opened cannot come after what this one does.
 *
 * @param states what the state is with either side serving
 * @returns the side that serves
 * @throws MoveError FENCED
 */
export async function settle(
  legacy: ClientBase,
  target: ClientBase,
  epoch: string,
  states: Readonly<Record<Move["side"], MoveState>>,
): Promise<Move["side"]> {
  const held = <T>(work: (side: Move["side"]) => Promise<T>): Promise<T> =>
    transaction(target, async () => {
      await holdEpoch(target, epoch);
      return work((await readMove(target)).side);
    });
  await held(async (side) => {
    const resting = side === "legacy" ? target : legacy;
    if ((await readFence(resting)) === "open") await setFence(resting, "closed");
  });
  return held(async (side) => {
    const serving = side === "legacy" ? legacy : target;
    if ((await readFence(serving)) === "closed") await setFence(serving, "open");
    await setState(target, epoch, states[side], null);
    return side;
  });
}

/** The same over new connections, after a failure: those that were open may be broken. What fails here is settled by the next verb. */
export async function settleAfresh(config: MoveConfig, epoch: string, states: Readonly<Record<Move["side"], MoveState>>): Promise<void> {
  await withConnection(config.legacy.database, "legacy", (legacy) =>
    withConnection(config.target.mover, "target", (target) => settle(legacy, target, epoch, states)),
  ).catch(() => {});
}

/**
 * Waits until no verb that was overtaken freezes a database any more. Called after the move was taken and before it is settled: the freeze of
 * a process that hangs ends at its deadline, and of one that died at once.
 *
 * The lock meets a freeze and no write of the product.
 *
 * @param maxFreezeMs the deadline that the other one had
 */
export async function waitForFreezes(legacy: ClientBase, target: ClientBase, maxFreezeMs: number): Promise<void> {
  for (const client of [legacy, target])
    await transaction(client, async () => {
      await query(client, "limit the wait for an earlier freeze", `set local lock_timeout = ${maxFreezeMs + 10_000}`);
      await query(client, "wait for the end of an earlier freeze", "lock table rehome.fence in share update exclusive mode");
    });
}
