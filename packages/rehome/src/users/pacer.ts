import { setTimeout as wait } from "node:timers/promises";

/** Kinds of requests that WorkOS counts separately. `write` and `read` are user-management requests; `other` counts only against the general limit. */
export type RequestKind = "write" | "read" | "other";

export interface PacerLimits {
  writesPer10s: number;
  readsPer10s: number;
  requestsPer60s: number;
  /** Share of each that may be used, above 0 up to 1. */
  share: number;
}

/** A window of the service is taken to be so much longer than it says: requests catch up with each other on their way. */
const MARGIN = 1.01;
/** Turns that came late (a busy machine) are made up for, as long as they came by no more than this. */
const CATCH_UP_MS = 2_000;

/** Turns under one limit: evenly spaced, and never more in a window than the service allows. */
class Lane {
  readonly #intervalMs: number;
  readonly #windowMs: number;
  /** Times of the last turns, as many as one window has room for, in a ring. */
  readonly #times: Float64Array;
  #oldest = 0;
  #dueAt = Number.NEGATIVE_INFINITY;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(windowMs: number, count: number) {
    this.#windowMs = windowMs * MARGIN;
    this.#intervalMs = this.#windowMs / count;
    this.#times = new Float64Array(Math.max(1, Math.floor(count))).fill(Number.NEGATIVE_INFINITY);
  }

  /** When the next turn may be. While late turns are made up for, twice as fast as usual. */
  get nextAt(): number {
    return Math.max(this.#dueAt, this.#lastAt + this.#intervalMs / 2, (this.#times[this.#oldest] ?? 0) + this.#windowMs);
  }

  take(now: number): void {
    this.#dueAt = (this.#dueAt < now - CATCH_UP_MS ? now : this.#dueAt) + this.#intervalMs;
    this.#lastAt = now;
    this.#times[this.#oldest] = now;
    this.#oldest = (this.#oldest + 1) % this.#times.length;
  }
}

/**
 * Spaces requests evenly below the limits of WorkOS (its page "Rate limits"), so that a 429 is an exception and not the pacing.
 *
 * Even spacing, not a bucket: a burst at the edge of two windows of the service would count twice. Each kind waits in a line of its own, and takes its place
 * under the general limit only when its turn has come: a line of writes holds up no organization.
 */
export class Pacer {
  readonly #lanes: Record<RequestKind | "all", Lane>;
  readonly #line: Record<RequestKind, Promise<unknown>> = { write: Promise.resolve(), read: Promise.resolve(), other: Promise.resolve() };
  #pausedUntil = 0;

  constructor({ writesPer10s, readsPer10s, requestsPer60s, share }: PacerLimits) {
    const all = () => new Lane(60_000, requestsPer60s * share);
    this.#lanes = { write: new Lane(10_000, writesPer10s * share), read: new Lane(10_000, readsPer10s * share), other: all(), all: all() };
  }

  /** Waits until one more request of this kind may be sent. Callers are served in the order they came, by kind. */
  turn(kind: RequestKind): Promise<void> {
    const mine = this.#line[kind].then(() => this.#take(kind));
    this.#line[kind] = mine;
    return mine;
  }

  /** After a 429: nobody who has no turn yet sends anything for this long. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + ms);
  }

  async #take(kind: RequestKind): Promise<void> {
    const lanes = [this.#lanes[kind], this.#lanes.all];
    // Timers come late, seldom early; the time may move on while somebody waits.
    for (;;) {
      const ms = Math.max(...lanes.map((lane) => lane.nextAt), this.#pausedUntil) - performance.now();
      if (ms <= 0) break;
      await wait(ms);
    }
    const now = performance.now();
    for (const lane of lanes) lane.take(now);
  }
}
