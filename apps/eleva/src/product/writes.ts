import type { ClientBase } from "pg";
import { Draw } from "./draw.ts";
import { bookMeeting, claimCalendar, holdSlot, noteMeeting, releaseSlot } from "./kinds/booking.ts";
import { addCategory, addService, changePrice, deleteService, judgeProfile, updateProfile } from "./kinds/catalog.ts";
import { becomeExpert, exchangeCustomers, firstPayment, foundPractice, makeProfile } from "./kinds/newcomers.ts";
import { addTransfer, approveTransfer, changePayment, offerPack, redeemPack, sellPack } from "./kinds/payments.ts";
import { saveRecord, writeRecord } from "./kinds/records.ts";
import { blockDate, replaceWindows, setSchedulingRules, unblockDate } from "./kinds/schedule.ts";
import { changeBilling, changeUser, makeUserRow, syncUser, verifyIdentity } from "./kinds/users.ts";
import type { Act, NewPractice } from "./scene.ts";
import { readShop } from "./shop.ts";
import { moment, type PairedWrite } from "./statement.ts";

/** What the product does after the cutover. Nobody may delete a meeting, a record or a payment on the target, so no kind does. */
export const KINDS = {
  updateProfile,
  judgeProfile,
  addCategory,
  addService,
  changePrice,
  deleteService,
  replaceWindows,
  blockDate,
  unblockDate,
  setSchedulingRules,
  bookMeeting,
  noteMeeting,
  claimCalendar,
  holdSlot,
  releaseSlot,
  changePayment,
  addTransfer,
  approveTransfer,
  offerPack,
  sellPack,
  redeemPack,
  writeRecord,
  saveRecord,
  changeUser,
  syncUser,
  changeBilling,
  verifyIdentity,
  makeUserRow,
  foundPractice,
  makeProfile,
  firstPayment,
  becomeExpert,
  exchangeCustomers,
} satisfies Record<string, Act>;

export type WriteKind = keyof typeof KINDS;

export interface WriteOptions {
  /** The same seed over the same rows gives the same writes. A seed serves once a database: its keys would come again. */
  seed: number | string;
  /** How many acts; one may be more than one transaction. The kinds take turns: 33 acts have all that there are rows for. */
  count: number;
  /** Milliseconds: when the first act happens; each later one a second after. */
  now: number;
  /** 64 hex digits: the product's ENCRYPTION_KEY. */
  encryptionKey: string;
  /** Legacy ids of those who can sign in; the rows of others are left alone. Everybody who moved when left out. */
  people?: readonly string[];
  /** What WorkOS has made for people who become experts; nobody becomes one with a practice when left out. */
  practices?: ReadonlyMap<string, NewPractice>;
  /** Only these. */
  kinds?: readonly WriteKind[];
}

/**
 * What the product writes on the target after the cutover, each write with its twin for a legacy database that never moved.
 *
 * Nothing is written here: `writeOnTarget` runs them in this order. They are made from the rows found now, so run them before anything else
 * writes. Where no row suits a kind, it is left out; fewer than `count` acts come back only if no kind finds one.
 *
 * @param reader on the target as the mover: reads past row security, and the ledger's identity map
 */
export async function pairedWrites(reader: ClientBase, options: WriteOptions): Promise<PairedWrite[]> {
  const draw = new Draw(`paired writes/${options.seed}`);
  const shop = await readShop(reader, options.people);
  const kinds = options.kinds ?? (Object.keys(KINDS) as WriteKind[]);
  const writes: PairedWrite[] = [];
  let idle = 0;
  for (let turn = 0, done = 0; done < options.count && idle < kinds.length; turn++) {
    const kind = kinds[turn % kinds.length] as WriteKind;
    const now = moment(options.now + done * 1000, draw.int(0, 999));
    const act: Act = KINDS[kind];
    const made = act({ draw, shop, now, encryptionKey: options.encryptionKey, practices: options.practices ?? new Map() });
    idle = made ? 0 : idle + 1;
    if (!made) continue;
    writes.push(...made.map((write) => ({ kind, ...write })));
    done++;
  }
  return writes;
}
