import type { ClientBase } from "pg";
import { MoveError } from "../errors.ts";
import { query } from "../postgres/query.ts";

/** Most log entries that are carried in one go. */
export const WINDOW = 20_000;
/** So few are left for the next window, or for the freeze. */
const FEW = 100;
const LOOK_AFTER = 10;

/**
 * Carries a change log, window by window, while the product may go on writing: the one loop of both directions.
 *
 * It ends when a window was small, or no smaller than the one before: what is left then is what came in meanwhile, and another window would not
 * make it less. Of a side that is frozen nothing is left. Where the product writes faster than is carried, that is said, and nothing goes on for ever.
 *
 * @param side whose change log it is
 * @param carryWindow carries at most `WINDOW` entries and gives how many
 * @returns how many log entries were carried
 * @throws MoveError CHANGES_OUTRUN
 */
export async function drain(side: ClientBase, carryWindow: () => Promise<number>): Promise<number> {
  let carried = 0;
  let before = Number.POSITIVE_INFINITY;
  let pendingBefore = Number.POSITIVE_INFINITY;
  for (let windows = 1; ; windows++) {
    const size = await carryWindow();
    carried += size;
    if (size <= FEW || (size < WINDOW && size >= before)) return carried;
    before = size;
    if (windows % LOOK_AFTER > 0) continue;
    const pending = await pendingChanges(side);
    if (pending >= pendingBefore) throw outrun(pending);
    pendingBefore = pending;
  }
}

export async function pendingChanges(client: ClientBase): Promise<number> {
  const [row] = await query<{ n: number }>(client, "count the change log", "select count(*)::int as n from rehome.change");
  return row?.n ?? 0;
}

const outrun = (pending: number): MoveError =>
  new MoveError(
    "CHANGES_OUTRUN",
    `The product writes faster than its changes are carried: ${pending} are left, and they do not get fewer.`,
    {
      next: "Nothing was frozen. Run the same command again when there is less traffic, or closer to both databases.",
      retry: true,
    },
  );
