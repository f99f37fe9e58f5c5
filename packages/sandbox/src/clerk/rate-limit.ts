import { RequestWindows } from "../twin/windows.ts";
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

const WINDOW_SECONDS = 10;

/** Counts requests in sliding windows of ten seconds; whether Clerk slides its window is not documented. */
export class RateLimit {
  readonly #windows: RequestWindows;

  /** @param clockSpeed 1 = real time; with 10 a window lasts one real second */
  constructor(clockSpeed: number) {
    this.#windows = new RequestWindows(clockSpeed);
  }

  /** @throws ClerkRefusal 429 with Retry-After in whole real seconds, at least 1 */
  take(key: string, limit: number): void {
    const waitMs = this.#windows.take(key, limit, WINDOW_SECONDS);
    if (waitMs <= 0) return;
    throw new ClerkRefusal(429, "too_many_requests", "Too many requests. Please try again in a bit.", {
      retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    });
  }
}
