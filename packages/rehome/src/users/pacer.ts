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
 * Spaces requests evenly below the limits of WorkOS (its page "Rate limits"), so that a 429 is an exception and not the pacing.
 *
 * Even spacing, not a bucket: a burst at the edge of two windows of the service would count twice.
 */
export class Pacer {
  readonly #intervalMs: Record<RequestKind | "all", number>;
  readonly #nextAt: Record<RequestKind | "all", number> = { write: 0, read: 0, other: 0, all: 0 };
  #pausedUntil = 0;

  constructor(limits: PacerLimits) {
    const interval = (windowMs: number, count: number) => windowMs / (count * limits.share);
    const all = interval(60_000, limits.requestsPer60s);
    this.#intervalMs = { write: interval(10_000, limits.writesPer10s), read: interval(10_000, limits.readsPer10s), other: all, all };
  }

  /** Waits until one more request of this kind may be sent. Callers are served in the order they came. */
  async turn(kind: RequestKind): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, this.#pausedUntil, this.#nextAt[kind], this.#nextAt.all);
    this.#nextAt[kind] = at + this.#intervalMs[kind];
    this.#nextAt.all = at + this.#intervalMs.all;
    if (at > now) await new Promise((resolve) => setTimeout(resolve, at - now));
  }

  /** After a 429: nobody sends anything for this long. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + ms);
  }
}
