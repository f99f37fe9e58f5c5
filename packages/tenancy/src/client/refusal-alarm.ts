import { TenancyError } from "../errors.ts";
import { call, REFUSAL_KINDS, type Refusal, type RefusalKind } from "./refusals.ts";

/** When refused tokens are too many to be chance. Each process counts its own. */
export interface RefusalAlarmOptions {
  /** What counts. Default: {@link SUSPICIOUS}. */
  kinds?: readonly RefusalKind[];
  /** How many may fall into the window in silence. Default 20. */
  moreThan?: number;
  /** The window that ends now, in milliseconds; exact to a sixtieth. After an alarm there is silence for as long. Default 60,000. */
  withinMs?: number;
  onAlarm(alarm: RefusalAlarm): unknown;
}

export interface RefusalAlarm {
  at: Date;
  withinMs: number;
  /** Refusals in the window that ends now, of those kinds that occurred in it. */
  counts: Readonly<Partial<Record<RefusalKind, number>>>;
}

/**
 * What an honest client does not cause: its tokens come from the issuer as they are, and expire, are revoked, or come before the person was moved
 * or had signed in. Unknown keys are among them, because a rotation is waited for; many at once mean forgery, or a keeper that stands still.
 */
export const SUSPICIOUS: readonly RefusalKind[] = [
  "too_large",
  "malformed",
  "algorithm",
  "unknown_key",
  "signature",
  "claims",
  "issuer",
  "not_yet_valid",
  "lifetime",
  "authorized_party",
];

const SLOTS = 60;

/**
 * Gives a function that takes each refusal and calls `onAlarm` when there are too many. It keeps sixty numbers a kind, however many come.
 *
 * @param now milliseconds of a clock that never goes back, from 0 or later
 * @throws TenancyError install_refused for options with which no alarm could ever come
 */
export function refusalAlarm(options: RefusalAlarmOptions, now: () => number = () => performance.now()): (refusal: Refusal) => void {
  const { kinds = SUSPICIOUS, moreThan = 20, withinMs = 60_000, onAlarm } = options;
  const bounds = Number.isFinite(moreThan) && moreThan >= 0 && Number.isFinite(withinMs) && withinMs > 0;
  const known = kinds.length > 0 && kinds.every((kind) => REFUSAL_KINDS.includes(kind));
  if (!bounds || !known) throw new TenancyError("install_refused", {}, USELESS);
  const slots = Array.from({ length: SLOTS }, () => new Map<RefusalKind, number>());
  let inWindow = 0;
  let newest = -1;
  let silentUntil = 0;

  /** The slot of this moment; what has left the window is forgotten. */
  const slotAt = (time: number) => {
    const number = Math.floor((time / withinMs) * SLOTS);
    for (let each = Math.max(newest + 1, number - SLOTS + 1); each <= number; each++) {
      const left = slots[each % SLOTS];
      for (const count of left?.values() ?? []) inWindow -= count;
      left?.clear();
    }
    newest = Math.max(newest, number);
    return slots[newest % SLOTS] as Map<RefusalKind, number>;
  };

  return ({ kind, at }) => {
    if (!kinds.includes(kind)) return;
    const time = now();
    const slot = slotAt(time);
    slot.set(kind, (slot.get(kind) ?? 0) + 1);
    inWindow++;
    if (time < silentUntil || inWindow <= moreThan) return;
    silentUntil = time + withinMs;
    call(onAlarm, { at, withinMs, counts: sumOf(slots) });
  };
}

function sumOf(slots: readonly ReadonlyMap<RefusalKind, number>[]): RefusalAlarm["counts"] {
  const counts: Partial<Record<RefusalKind, number>> = {};
  for (const slot of slots) for (const [kind, count] of slot) counts[kind] = (counts[kind] ?? 0) + count;
  return counts;
}

const USELESS = {
  message: "The alarm over refused tokens could never be raised.",
  next: "Give moreThan 0 or more, withinMs more than 0, and kinds there are, at least one.",
};
