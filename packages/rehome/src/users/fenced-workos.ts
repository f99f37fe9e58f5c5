import type { MoveConfig } from "../config/define.ts";
import { withConnection } from "../postgres/connect.ts";
import { fenceOf } from "./fence.ts";
import { SharedPacer } from "./pacer.ts";
import { limitsOf, openWorkos, type PacedWorkos } from "./workos.ts";

/**
 * WorkOS for a verb that holds the move: at the pace that all processes of the move share, and fenced before each request. Both ask the ledger on
 * connections of their own, so that no open transaction stands in front of them.
 */
export async function withFencedWorkos<T>({ target }: MoveConfig, epoch: string, use: (workos: PacedWorkos) => Promise<T>): Promise<T> {
  return withConnection(target.mover, "target", (pace) =>
    withConnection(target.mover, "target", (fence) =>
      use(openWorkos(target.workos, new SharedPacer(pace, limitsOf(target.workos)), fenceOf(fence, epoch))),
    ),
  );
}
