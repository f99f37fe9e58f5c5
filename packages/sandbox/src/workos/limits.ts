import { RequestWindows } from "../twin/windows.ts";
import { ApiError } from "./errors.ts";

export type LimitScope = "general" | "reads" | "writes" | "authenticate" | "codes" | "organizationDelete";

/** Requests per window, by scope. */
export type LimitFigures = Partial<Record<LimitScope, number>>;

/** WorkOS docs reference/rate-limits: how many requests, in how many seconds, and counted for what. */
const LIMITS: Record<LimitScope, { requests: number; seconds: number }> = {
  general: { requests: 6_000, seconds: 60 }, // per API key
  reads: { requests: 1_000, seconds: 10 }, // /user_management/*, per environment
  writes: { requests: 500, seconds: 10 }, // /user_management/*, per environment
  authenticate: { requests: 10, seconds: 60 }, // per e-mail address or challenge
  codes: { requests: 3, seconds: 60 }, // magic-auth and verification codes, per address or user
  organizationDelete: { requests: 50, seconds: 60 }, // per API key
};

export function isLimitFigures(value: unknown): value is LimitFigures {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).every(([scope, requests]) => scope in LIMITS && Number.isInteger(requests) && (requests as number) > 0);
}

/** Sliding windows, one per scope and key. A refused request does not count against its window. */
export class RateLimits {
  readonly #windows: RequestWindows;
  readonly #retryAfter: boolean;
  readonly #figures: LimitFigures;

  constructor(options: { clockSpeed: number; retryAfter: boolean }, figures: LimitFigures = {}) {
    this.#figures = figures;
    this.#windows = new RequestWindows(options.clockSpeed);
    this.#retryAfter = options.retryAfter;
  }

  /** @throws ApiError 429 when this request is one too many */
  admit(scope: LimitScope, key = ""): void {
    const { requests, seconds } = LIMITS[scope];
    const waitMs = this.#windows.take(`${scope} ${key}`, this.#figures[scope] ?? requests, seconds);
    if (waitMs > 0) throw tooMany(this.#retryAfter ? waitMs : undefined);
  }
}

/** The 429 of the service. `Retry-After` only when a wait is given. */
export function tooMany(waitMs?: number): ApiError {
  const body = {
    code: "too_many_requests",
    message: "Rate limit exceeded. See the WorkOS docs: https://workos.com/docs/reference/rate-limits",
  };
  return new ApiError(429, body, waitMs === undefined ? {} : { "retry-after": String(Math.ceil(waitMs / 1_000)) });
}
