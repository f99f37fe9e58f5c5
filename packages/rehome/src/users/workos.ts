import { WorkOS } from "@workos-inc/node";
import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import { Pacer, type Pacing, type RequestKind } from "./pacer.ts";

export type WorkosConfig = MoveConfig["target"]["workos"];

/** WorkOS as the mover speaks to it: paced, with retries of its own that first look whether a lost request had acted. */
export interface PacedWorkos {
  sdk: WorkOS;
  /** Sends one request that may be repeated as it is (reads, or writes that say the same twice). */
  repeatable<T>(kind: RequestKind, what: string, send: () => Promise<T>): Promise<T>;
  /**
   * Creates something exactly once. When the reply is lost, `find` decides whether it is there before another try.
   *
   * @param lookFirst true when an earlier run may have sent this request already
   */
  once<T>(
    kind: RequestKind,
    what: string,
    steps: { find: () => Promise<T | null>; create: () => Promise<T>; lookFirst: boolean },
  ): Promise<T>;
}

const TRIES = 6;

/** The limits that the mover keeps to. */
export const limitsOf = (config: WorkosConfig) => ({ ...config.limits, share: config.shareOfLimit });

/**
 * Opens WorkOS with the SDK's own retries off: hidden repeats would break the pacing and could act twice.
 *
 * @param pacer shared by all processes of the move; default: one of this process, for verbs that send a few requests
 */
export function openWorkos(config: WorkosConfig, pacer: Pacing = new Pacer(limitsOf(config))): PacedWorkos {
  const sdk = new WorkOS(config.apiKey, {
    clientId: config.clientId,
    maxRetries: 0,
    timeout: 20_000,
    ...(config.apiHostname === undefined ? {} : { apiHostname: config.apiHostname }),
    ...(config.port === undefined ? {} : { port: config.port }),
    ...(config.https === undefined ? {} : { https: config.https }),
  });

  async function repeatable<T>(kind: RequestKind, what: string, send: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      await pacer.turn(kind);
      try {
        return await send();
      } catch (error) {
        await recover(error, what, attempt);
      }
    }
  }

  async function once<T>(
    kind: RequestKind,
    what: string,
    steps: { find: () => Promise<T | null>; create: () => Promise<T>; lookFirst: boolean },
  ): Promise<T> {
    let look = steps.lookFirst;
    for (let attempt = 1; ; attempt++) {
      if (look) {
        const found = await repeatable("read", `look up: ${what}`, steps.find);
        if (found) return found;
      }
      await pacer.turn(kind);
      try {
        return await steps.create();
      } catch (error) {
        look = true; // whatever went wrong, the request may have acted
        if (isTaken(error)) {
          const found = await repeatable("read", `look up: ${what}`, steps.find);
          if (found) return found;
        }
        await recover(error, what, attempt);
      }
    }
  }

  async function recover(error: unknown, what: string, attempt: number): Promise<void> {
    const status = statusOf(error);
    if (!mayPass(status) || attempt >= TRIES) throw workosFailed(error, what, attempt, config.apiHostname ?? "api.workos.com");
    const waitMs = status === 429 ? (retryAfterMs(error) ?? 2000 * attempt) : 100 * 2 ** attempt;
    if (status === 429) await pacer.pause(waitMs);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }

  return { sdk, repeatable, once };
}

/** Null for a 404, for lookups by external id. */
export async function orNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

function statusOf(error: unknown): number | undefined {
  const { status } = error as { status?: unknown };
  return typeof status === "number" ? status : undefined;
}

/** No answer, or one that says to come again. */
function mayPass(status: number | undefined): boolean {
  return status === undefined || status === 408 || status === 429 || status >= 500;
}

/** Codes of an error and of the errors inside it. WorkOS nests: `user_creation_error` with `email_not_available` within. */
export function codesOf(error: unknown): string[] {
  const { code, errors, rawData } = error as { code?: unknown; errors?: unknown; rawData?: { code?: unknown; errors?: unknown } };
  const nested = [errors, rawData?.errors]
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .map((inner) => (inner as { code?: unknown })?.code);
  return [code, rawData?.code, ...nested].filter((value): value is string => typeof value === "string");
}

const TAKEN = new Set(["email_not_available", "external_id_already_used", "user_creation_error"]);

function isTaken(error: unknown): boolean {
  return statusOf(error) === 409 || codesOf(error).some((code) => TAKEN.has(code));
}

function retryAfterMs(error: unknown): number | undefined {
  const { retryAfter } = error as { retryAfter?: unknown };
  return typeof retryAfter === "number" && retryAfter > 0 ? retryAfter * 1000 : undefined;
}

function workosFailed(error: unknown, what: string, attempts: number, host: string): MoveError {
  const status = statusOf(error);
  const codes = codesOf(error);
  const said = codes.length > 0 ? ` ${codes.join(", ")}` : "";
  if (status === undefined) {
    return new MoveError("WORKOS_UNREACHABLE", `WorkOS does not answer at ${host}: could not ${what} in ${attempts} tries.`, {
      next: "Check the network and status.workos.com, then run the same command again: it goes on where it stopped.",
      retry: true,
    });
  }
  if (status === 401 || status === 403) {
    return new MoveError("WORKOS_REFUSED", `WorkOS refused the API key (${status}${said}): could not ${what}.`, {
      next: "Set WORKOS_API_KEY to a key of the environment that WORKOS_CLIENT_ID names, then run the same command again.",
    });
  }
  if (codes.includes("email_not_available")) {
    return new MoveError("WORKOS_REFUSED", `WorkOS has another user with that address already: could not ${what}.`, {
      next: "Look in the WorkOS dashboard whose user that is: its external id is the legacy id of somebody whom this move made, or it is empty. Settle in Clerk or there who has the address, then run the same command again.",
    });
  }
  if (mayPass(status)) {
    return new MoveError("WORKOS_UNREACHABLE", `WorkOS answered ${status}${said}: could not ${what} in ${attempts} tries.`, {
      next: "Wait a little, then run the same command again: it goes on where it stopped.",
      retry: true,
    });
  }
  return new MoveError("WORKOS_REFUSED", `WorkOS answered ${status}${said}: could not ${what}.`, {
    next: "The codes say what WorkOS does not take of this user; mend it in Clerk, take a fresh export, then run the same command again. `rehome plan --explain` names what is known beforehand.",
  });
}
