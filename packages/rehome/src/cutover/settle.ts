import type { ClientBase } from "pg";
import { readFence, setFence } from "../copy/capture.ts";
import { holdEpoch, type Move, readMove, setState } from "../ledger/ledger.ts";
import type { MoveState } from "../ledger/phases.ts";
import { query, transaction } from "../postgres/query.ts";

/**
 * Puts both fences where the switch says they belong (the resting side closed, then the serving one open) and notes the state that goes with it.
 *
 * Holds the move meanwhile: what a verb that was overtaken closed or opened cannot come after what this one does.
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
  return transaction(target, async () => {
    await holdEpoch(target, epoch);
    const { side } = await readMove(target);
    const [serving, resting] = side === "legacy" ? [legacy, target] : [target, legacy];
    if ((await readFence(resting)) === "open") await setFence(resting, "closed");
    if ((await readFence(serving)) === "closed") await setFence(serving, "open");
    await setState(target, epoch, states[side], null);
    return side;
  });
}

/**
 * Waits until no verb that was overtaken freezes a database any more. Called after the move was taken and before it is settled: the freeze of
 * a process that hangs ends with its dead-man switch, and of one that died at once.
 *
 * The lock meets a freeze and no write of the product.
 */
export async function waitForFreezes(legacy: ClientBase, target: ClientBase): Promise<void> {
  for (const client of [legacy, target])
    await transaction(client, async () => {
      // Longer than the dead-man switch of a mover that hangs.
      await query(client, "limit the wait for an earlier freeze", "set local lock_timeout = '70s'");
      await query(client, "wait for the end of an earlier freeze", "lock table rehome.fence in share update exclusive mode");
    });
}
