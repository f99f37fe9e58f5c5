import { setTimeout as wait } from "node:timers/promises";
import { WorkOS } from "@workos-inc/node";
import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import type { Fence } from "./fence.ts";
import { Pacer, type Pacing, type RequestKind } from "./pacer.ts";
import { fencedFetch } from "./send.ts";

export type WorkosConfig = MoveConfig["target"]["workos"];

/** WorkOS as the mover speaks to it: paced, with retries of its own that first look whether a lost request had acted. */
export interface PacedWorkos {
  sdk: WorkOS;
  /** Sends one request that may be repeated as it is (reads, or writes that say the same twice). */
  repeatable<T>(kind: RequestKind, what: string, send: () => Promise<T>): Promise<T>;
  /** Deletes an organization, which WorkOS allows far less often than anything else; one that is gone already is deleted. */
  deleteOrganization(what: string, id: string): Promise<void>;
  /**
   * Creates something exactly once. When the reply is lost, `find` decides whether it is there before another try.
   *
   * @param lookFirst true when an earlier run may have sent this request already
   */
  once<T>(
    kind: RequestKind,
    what: string,
    steps: { find: () => Promise<T | null>; create: () => Promise<T>; lookFirst: boolean },
  ): Promise<Made<T>>;
}

export interface Made<T> {
  value: T;
  /** False when it was found. */
  created: boolean;
  /** Whether a request got no answer: it may still act after this. */
  unsure: boolean;
}

const TRIES = 6;

/** The limits that the mover keeps to. */
export const limitsOf = (config: WorkosConfig) => ({ ...config.limits, share: config.shareOfLimit });

/**
 * Opens WorkOS with the SDK's own retries off: hidden repeats would break the pacing and could act twice.
 *
 * @param pacer shared by all processes of the move; default: one of this process, for verbs that send a few requests
 * @param fence asked right before each request; none for verbs that only read
 */
export function openWorkos(config: WorkosConfig, pacer: Pacing = new Pacer(limitsOf(config)), fence?: Fence): PacedWorkos {
  let stopped: unknown;
  const guard: Fence = async () => {
    if (stopped) throw stopped;
    await fence?.().catch((error: unknown) => {
      stopped = error;
      throw error;
    });
  };
  const sdk = new WorkOS(config.apiKey, {
    clientId: config.clientId,
    maxRetries: 0,
    timeout: 20_000,
    ...(fence ? { fetchFn: fencedFetch(guard) } : {}),
    ...(config.apiHostname === undefined ? {} : { apiHostname: config.apiHostname }),
    ...(config.port === undefined ? {} : { port: config.port }),
    ...(config.https === undefined ? {} : { https: config.https }),
  });
  const deletionIntervalMs = 60_000 / (config.limits.organizationDeletesPer60s * config.shareOfLimit);
  let nextDeletionAt = 0;

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
  ): Promise<Made<T>> {
    let look = steps.lookFirst;
    let unsure = false;
    const find = () => repeatable("read", `look up: ${what}`, steps.find);
    for (let attempt = 1; ; attempt++) {
      if (look) {
        const found = await find();
        if (found) return { value: found, created: false, unsure };
      }
      await pacer.turn(kind);
      try {
        return { value: await steps.create(), created: true, unsure };
      } catch (error) {
        look = true; // whatever went wrong, the request may have acted
        if (mayHaveActed(statusOf(error))) unsure = true;
        if (isTaken(error)) {
          const found = await find();
          if (found) return { value: found, created: false, unsure };
        }
        await recover(error, what, attempt);
      }
    }
  }

  async function deleteOrganization(what: string, id: string): Promise<void> {
    const at = Math.max(performance.now(), nextDeletionAt);
    nextDeletionAt = at + deletionIntervalMs;
    await wait(Math.max(0, at - performance.now()));
    await repeatable("other", what, () => orNull(sdk.organizations.deleteOrganization(id)));
  }

  async function recover(error: unknown, what: string, attempt: number): Promise<void> {
    if (stopped) throw stopped;
    const status = statusOf(error);
    if (!mayPass(status) || attempt >= TRIES) throw workosFailed(error, what, attempt, config.apiHostname ?? "api.workos.com");
    const waitMs = status === 429 ? (retryAfterMs(error) ?? 2000 * attempt) : 100 * 2 ** attempt;
    if (status === 429) await pacer.pause(waitMs);
    await wait(waitMs);
  }

  return { sdk, repeatable, once, deleteOrganization };
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

/** Everything a list of WorkOS holds, page by page. */
export async function* pagesOf<T>(
  workos: PacedWorkos,
  kind: RequestKind,
  what: string,
  list: (from: { limit: number; after?: string }) => Promise<{ data: T[]; listMetadata: { after?: string | null } }>,
): AsyncGenerator<T[]> {
  for (let after: string | undefined; ; ) {
    const page = await workos.repeatable(kind, what, () => list({ limit: 100, ...(after ? { after } : {}) }));
    yield page.data;
    after = page.listMetadata.after ?? undefined;
    if (!after) return;
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

/** No answer, or one of somebody in between. */
function mayHaveActed(status: number | undefined): boolean {
  return status === undefined || status === 408 || status >= 500;
}

/** Codes of an error and of the errors inside it, the innermost first. WorkOS nests: `user_creation_error` with `email_not_available` within. */
export function codesOf(error: unknown): string[] {
  const { code, errors, rawData } = error as { code?: unknown; errors?: unknown; rawData?: { code?: unknown; errors?: unknown } };
  const nested = [errors, rawData?.errors]
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .map((inner) => (inner as { code?: unknown })?.code);
  const found = [...nested, code, rawData?.code].filter((value): value is string => typeof value === "string" && /^\w{1,80}$/.test(value));
  return [...new Set(found)];
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
  if (error instanceof MoveError) return error;
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
  if (mayPass(status)) {
    return new MoveError("WORKOS_UNREACHABLE", `WorkOS answered ${status}${said}: could not ${what} in ${attempts} tries.`, {
      next: "Wait a little, then run the same command again: it goes on where it stopped.",
      retry: true,
    });
  }
  return new MoveError("WORKOS_REFUSED", `WorkOS answered ${status}${said}: could not ${what}.`, {
    next: "Mend the cause at Clerk or at WorkOS, then run the same command again; or settle the person with `rehome resolve`.",
    refusal: codes[0] ?? `http_${status}`,
  });
}
