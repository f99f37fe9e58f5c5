import type { ClientBase } from "pg";
import { Random } from "../generate/random.ts";
import type { ElevaWorld } from "../world.ts";
import { ACTS, type ActName } from "./acts.ts";
import { readShop } from "./shop.ts";
import type { Statement } from "./step.ts";

export interface LegacyWrite extends Statement {
  /** Which act of the product the statement is part of. */
  act: ActName | "transaction";
}

const WEIGHTS: Record<ActName, number> = {
  bookMeeting: 25,
  changePayment: 15,
  saveRecord: 12,
  updateProfile: 8,
  replaceWindows: 8,
  blockDate: 7,
  unblockDate: 5,
  advanceTransfer: 6,
  saveSettings: 2,
  holdSlot: 3,
  releaseSlot: 2,
  touchUser: 4,
  makeUserRow: 2,
  redeemPack: 2,
  addService: 2,
  deleteService: 2,
};

/**
 * Lets the product write: `count` acts, as its routes and webhooks would do them, one after another.
 *
 * What is written depends on the seed and on the rows found; ids are fixed in the parameters or come from the sequences. The statements
 * in the order in which they ran, `begin` and `commit` among them, do the same to a second database that held the same rows.
 * Every act is one transaction. A seed writes once to a database: its ids would come again. Two writers at once on one database take
 * serial keys from each other: do not replay those.
 *
 * @param client connected as eleva_app
 */
export async function legacyWrites(
  client: ClientBase,
  world: Pick<ElevaWorld, "encryptionKey" | "clerkUsers" | "now">,
  seed: number | string,
  count: number,
): Promise<LegacyWrite[]> {
  const random = new Random(`writes/${seed}`);
  const shop = await readShop(client, world);
  const written: LegacyWrite[] = [];
  for (let done = 0; done < count; ) {
    const act = random.weighted(WEIGHTS);
    const step = ACTS[act]({ random, shop, now: world.now + 1000 + done * 1000, encryptionKey: world.encryptionKey });
    if (!step) continue; // nothing left to do this to; bookings are always possible
    const writes: LegacyWrite[] = step.statements.map((statement) => ({ act, ...statement }));
    if (writes.length > 1) {
      writes.unshift({ act: "transaction", text: "begin", params: [] });
      writes.push({ act: "transaction", text: "commit", params: [] });
    }
    const answers: Record<string, unknown>[] = [];
    for (const { text, params } of writes) answers.push(...(await client.query(text, params)).rows);
    step.done?.(answers);
    written.push(...writes);
    done++;
  }
  return written;
}

/** Does to another database what `legacyWrites` did to the first. */
export async function replayWrites(client: ClientBase, writes: readonly Statement[]): Promise<void> {
  for (const { text, params } of writes) await client.query(text, params);
}
