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

/**
 * Requests are spaced by so much more than the limit asks for. On their way some catch up with those before, and a full window has no room for that.
 */
const MARGIN = 1.01;
/** A turn that came late (a busy machine) may be made up for by so much, not more: the margin pays for it. */
const CATCH_UP_MS = 80;

/**
 * Spaces requests evenly below the limits of WorkOS (its page "Rate limits"), so that a 429 is an exception and not the pacing.
 *
 * Even spacing, not a bucket: a burst at the edge of two windows of the service would count twice. Each kind waits in a line of its own, and takes its place
 * under the general limit only when its turn has come: a line of writes holds up no organization.
 */
export class Pacer {
  readonly #intervalMs: Record<RequestKind | "all", number>;
  readonly #nextAt: Record<RequestKind | "all", number> = { write: 0, read: 0, other: 0, all: 0 };
  readonly #line: Record<RequestKind, Promise<unknown>> = { write: Promise.resolve(), read: Promise.resolve(), other: Promise.resolve() };
  #pausedUntil = 0;

  constructor(limits: PacerLimits) {
    const interval = (windowMs: number, count: number) => (windowMs / (count * limits.share)) * MARGIN;
    const all = interval(60_000, limits.requestsPer60s);
    this.#intervalMs = { write: interval(10_000, limits.writesPer10s), read: interval(10_000, limits.readsPer10s), other: all, all };
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
    await this.#until(() => Math.max(this.#nextAt[kind], this.#nextAt.all, this.#pausedUntil));
    const now = performance.now();
    for (const clock of [kind, "all"] as const) {
      const dueAt = this.#nextAt[clock];
      this.#nextAt[clock] = (dueAt < now - CATCH_UP_MS ? now : dueAt) + this.#intervalMs[clock];
    }
  }

  /** Timers come late, seldom early; the time may move on while somebody waits. */
  async #until(time: () => number): Promise<void> {
    for (let ms = time() - performance.now(); ms > 0; ms = time() - performance.now()) await wait(ms);
  }
}
