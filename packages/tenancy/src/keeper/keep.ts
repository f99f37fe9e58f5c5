import { setTimeout as sleep } from "node:timers/promises";
import pg, { type ClientBase } from "pg";
import { TenancyError, toTenancyError } from "../errors.ts";
import { DEFAULT_SCHEMA } from "../install/sql-text.ts";
import { type KeeperPass, passOnce } from "./pass.ts";

const LEAST_PAUSE_MS = 500;

export interface KeepOptions {
  /** A login that may become rehome_keys (see `keeperPassword` of installRoles), straight to the server: LISTEN does not pass a pooler. */
  connectionString?: string;
  /** A connected client instead; it stays open when the keeper ends. */
  client?: ClientBase;
  /** Ends the keeper, between two statements. */
  signal?: AbortSignal;
  /** Schema of the guard; default `auth`. */
  schema?: string;
  /** How old an issuer's keys may get. Default 300. */
  syncEverySeconds?: number;
  /** How old the seal key may get. Default 3600, at most that. */
  rotateEverySeconds?: number;
  /** How often it looks when nobody asks. Default 15. */
  tickSeconds?: number;
  fetch?: typeof fetch;
  /** What was done and what failed; nothing in it is secret. */
  onEvent?: (event: KeeperEvent) => void;
}

export type KeeperEvent =
  /** One look; what there was to do. */
  | ({ kind: "pass" } & KeeperPass)
  /** The database could not be reached, or refused; it tries again. */
  | { kind: "failed"; error: TenancyError };

/**
 * Keeps the guard: reads an issuer's keys when the application asks (auth.request_keys) and every few minutes, rotates the seal key hourly
 * and at once in a restored copy, deletes revoked sessions past their end. Several may run: the database gives each task to one of them, and
 * an issuer's address is asked at most once in 30 seconds.
 *
 * An address that cannot be read changes nothing: known keys stay good. Resolves when `signal` ends it.
 *
 * @throws TenancyError install_refused on wrong options; with `client`, unreachable when its connection is lost (with `connectionString` it
 * connects anew)
 */
export async function keepGuard(options: KeepOptions): Promise<void> {
  const { connectionString, client, signal, onEvent, tickSeconds = 15, rotateEverySeconds = 3600 } = options;
  if ((connectionString === undefined) === (client === undefined)) throw refused("Either connectionString or client is needed.");
  if (!(tickSeconds > 0) || !(rotateEverySeconds > 0 && rotateEverySeconds <= 3600)) throw refused("A time is out of bounds.");
  for (let failures = 0; !signal?.aborted; ) {
    try {
      await (client ? keepOn(client, options, () => {}) : keepOnOwn(connectionString ?? "", options, () => (failures = 0)));
    } catch (error) {
      const failed = toTenancyError(error);
      if (client || signal?.aborted) {
        if (signal?.aborted) return;
        throw failed;
      }
      onEvent?.({ kind: "failed", error: failed });
      await sleep(Math.min(30_000, 250 * 2 ** Math.min(failures++, 10)), undefined, { ...(signal && { signal }) }).catch(() => {});
    }
  }
}

async function keepOnOwn(connectionString: string, options: KeepOptions, worked: () => void): Promise<void> {
  const own = new pg.Client({ connectionString, application_name: "rehome keeper" });
  own.on("error", () => {}); // shows as `end`
  try {
    await own.connect();
    await keepOn(own, options, worked);
  } finally {
    await own.end().catch(() => {});
  }
}

/** One connection's life. Rejects when it is lost. */
async function keepOn(client: ClientBase, options: KeepOptions, worked: () => void): Promise<void> {
  const { signal, onEvent, tickSeconds = 15 } = options;
  const bell = new Bell();
  const lost = () => {
    bell.lost = true;
    bell.ring();
  };
  const ring = () => bell.ring();
  client.on("notification", ring);
  client.on("end", lost);
  signal?.addEventListener("abort", ring);
  try {
    await client.query("set role rehome_keys");
    await client.query("listen rehome_keys");
    for (let began = -Infinity; !signal?.aborted; ) {
      // Anybody who may send SQL can ring: no more than two passes a second for it.
      await sleep(Math.max(0, began + LEAST_PAUSE_MS - performance.now()), undefined, { ...(signal && { signal }) }).catch(() => {});
      if (signal?.aborted) break;
      began = performance.now();
      if (bell.lost) throw new TenancyError("unreachable");
      bell.quiet();
      const pass = await passOnce(client, {
        ...options,
        schema: options.schema ?? DEFAULT_SCHEMA,
        fetch: endingWith(signal, options.fetch),
      });
      if (signal?.aborted) break;
      onEvent?.({ kind: "pass", ...pass });
      worked();
      await bell.heard(tickSeconds * 1000);
    }
    await client.query("unlisten rehome_keys; reset role");
  } finally {
    client.off("notification", ring);
    client.off("end", lost);
    signal?.removeEventListener("abort", ring);
  }
}

/** A fetch that does not outlive the keeper. */
function endingWith(signal: AbortSignal | undefined, fetchImpl: typeof fetch = fetch): typeof fetch {
  if (!signal) return fetchImpl;
  return (url, init) => fetchImpl(url, { ...init, signal: init?.signal ? AbortSignal.any([signal, init.signal]) : signal });
}

/** Something that may be rung while nobody waits for it. */
class Bell {
  lost = false;
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** What rang before is being dealt with now. */
  quiet(): void {
    this.#rung = false;
  }

  async heard(atMostMs: number): Promise<void> {
    if (this.#rung || this.lost) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, atMostMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function refused(message: string): TenancyError {
  return new TenancyError("install_refused", {}, { message, next: "Mend the options of keepGuard." });
}
