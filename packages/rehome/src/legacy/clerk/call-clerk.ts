import { setTimeout as wait } from "node:timers/promises";
import { MoveError } from "../../errors.ts";

const TRIES = 6;
const MOST_WAIT_MS = 60_000;

/** Runs one call to Clerk's Backend API; may run it several times, so only for calls that read. */
type CallClerk = <T>(what: string, call: () => Promise<T>) => Promise<T>;

/**
 * Retries what may pass (no answer, 429, 5xx): six tries, waiting as `Retry-After` says, else 0.1 s and twice as long each time.
 *
 * @param apiUrl only for messages
 * @param timeoutMs for one try; the SDK itself waits without end
 */
export function createCallClerk(apiUrl: string, timeoutMs: number): CallClerk {
  return async (what, call) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await within(timeoutMs, call);
      } catch (error) {
        const failed = toMoveError(error, what, apiUrl, attempt);
        if (!failed.retry || attempt >= TRIES) throw failed;
        await wait(Math.min(retryAfterMs(error) ?? 100 * 2 ** (attempt - 1), MOST_WAIT_MS));
      }
    }
  };
}

async function within<T>(timeoutMs: number, call: () => Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = wait(timeoutMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error("no answer in time");
  });
  late.catch(() => {}); // an answer came first
  try {
    return await Promise.race([call(), late]);
  } finally {
    timer.abort();
  }
}

function retryAfterMs(error: unknown): number | undefined {
  const { retryAfter } = error as { retryAfter?: unknown };
  return typeof retryAfter === "number" && retryAfter > 0 ? retryAfter * 1000 : undefined;
}

function toMoveError(error: unknown, what: string, apiUrl: string, attempts: number): MoveError {
  const { status, errors } = error as {
    status?: unknown;
    errors?: { code?: unknown }[];
  };
  if (typeof status !== "number") {
    return new MoveError("CLERK_UNREACHABLE", `Clerk does not answer at ${apiUrl}: could not ${what} in ${attempts} tries.`, {
      next: "Check the network, legacy.clerk.apiUrl and status.clerk.com, then run the command again.",
      retry: true,
    });
  }
  const codes = (Array.isArray(errors) ? errors : []).map((one) => one.code).filter((code) => typeof code === "string");
  const said = `Clerk answered ${[status, ...codes].join(" ")}: could not ${what}`;
  if (status === 401)
    return new MoveError("CLERK_REFUSED", `${said}. The secret key is not one of this instance.`, {
      next: "Set CLERK_SECRET_KEY to the secret key of the production instance (Dashboard → API keys), then run the command again.",
    });
  if (status === 403)
    return new MoveError("CLERK_REFUSED", `${said}. The secret key may not do that.`, {
      next: "Use a secret key of the instance that may read users (Dashboard → API keys), then run the command again.",
    });
  const retry = status === 408 || status === 429 || status >= 500;
  return new MoveError(retry ? "CLERK_UNREACHABLE" : "CLERK_REFUSED", `${said}${retry ? ` in ${attempts} tries` : ""}.`, {
    next: retry
      ? "Wait a little, then run the command again."
      : "Check that legacy.clerk.apiUrl is Clerk's Backend API, then run the command again.",
    retry,
  });
}
