import { ClerkRefusal } from "./errors.ts";

/** Requests per 10 seconds, as Clerk's page "System limits" gives them for production. */
export interface ClerkLimits {
  /** Any request, per secret key. */
  requestsPer10s: number;
  /** Updates of one user or its metadata. */
  updatesPer10sAndUser: number;
}

export const DEFAULT_LIMITS: ClerkLimits = {
  requestsPer10s: 1000,
  updatesPer10sAndUser: 10,
};

const WINDOW_MS = 10_000;

/**
 * Counts requests in windows of ten seconds that start with the first request; whether Clerk slides its window is not documented.
 *
 * @param clockSpeed 1 = real time; with 10 a window lasts one real second
 */
export class RateLimit {
  readonly #windows = new Map<string, { startedAt: number; count: number }>();
  readonly #windowMs: number;

  constructor(clockSpeed: number) {
    this.#windowMs = WINDOW_MS / clockSpeed;
  }

  /** @throws ClerkRefusal 429 with Retry-After in whole real seconds, at least 1 */
  take(key: string, limit: number): void {
    const now = performance.now();
    const open = this.#windows.get(key);
    const current = open && now - open.startedAt < this.#windowMs ? open : { startedAt: now, count: 0 };
    this.#windows.set(key, current);
    if (current.count >= limit) {
      const leftMs = this.#windowMs - (now - current.startedAt);
      throw new ClerkRefusal(429, "too_many_requests", "Too many requests. Please try again in a bit.", {
        retryAfterSeconds: Math.max(1, Math.ceil(leftMs / 1000)),
      });
    }
    current.count += 1;
  }
}
