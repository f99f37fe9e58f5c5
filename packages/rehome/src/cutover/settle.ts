import type { ClientBase } from "pg";
import { readFence, setFence } from "../copy/capture.ts";
import type { Move } from "../ledger/ledger.ts";

/**
 * Puts both fences where the switch says they belong: the serving side open, the other one closed.
 *
 * A process that died between two steps may have left them apart. Called only after the move was taken (a new epoch), so the dead
 * process cannot flip the switch any more.
 */
export async function settleFences(legacy: ClientBase, target: ClientBase, side: Move["side"]): Promise<void> {
  const [serving, resting] = side === "legacy" ? [legacy, target] : [target, legacy];
  if ((await readFence(resting)) === "open") await setFence(resting, "closed");
  if ((await readFence(serving)) === "closed") await setFence(serving, "open");
}
