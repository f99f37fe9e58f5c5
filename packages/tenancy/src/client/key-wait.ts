import { setTimeout as sleep } from "node:timers/promises";

/** Waits for an issuer's new key. */
export interface KeyWait {
  /**
   * Asks the database for the issuer's keys and waits a little: one step of a wait that is longer each time. False when it is not, or no more,
   * worth waiting: the time is over, the keys were asked for a moment ago, or too many wait already.
   *
   * @param step counts from 0
   */
  step(issuer: string, step: number): Promise<boolean>;
}

/** The database fetches keys at most once in this time, so that asking again before is in vain. */
const ASK_AGAIN_MS = 30_000;
const FIRST_STEP_MS = 40;
/** Whoever sends tokens with invented key ids makes nobody else wait: those that find so many waiting are refused at once. */
const MOST_WAITING = 32;

/**
 * @param ask requests the keys; must not block. When it fails, nobody waits.
 * @param waitMs how long to wait for a key after it was asked for
 */
export function keyWait(ask: (issuer: string) => Promise<void>, waitMs: number, now: () => number = Date.now): KeyWait {
  const askedAt = new Map<string, number>(); // by issuer; only of issuers whose key the database missed, so these are few
  let waiting = 0;
  return {
    async step(issuer, step) {
      if (waiting >= MOST_WAITING || waitMs <= 0) return false;
      waiting++;
      try {
        const last = askedAt.get(issuer);
        if (last === undefined || now() - last > ASK_AGAIN_MS) {
          if (step > 0) return false;
          askedAt.set(issuer, now());
          await ask(issuer);
        }
        const left = (askedAt.get(issuer) ?? 0) + waitMs - now();
        if (left <= 0) return false;
        await sleep(Math.min(left, FIRST_STEP_MS * 2 ** step));
        return true;
      } catch {
        return false;
      } finally {
        waiting--;
      }
    },
  };
}
