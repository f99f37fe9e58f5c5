import type { ClientBase } from "pg";
import { query } from "../postgres/query.ts";

/** Kinds of requests that WorkOS counts separately. `write` and `read` are user-management requests; `other` counts only against the general limit. */
export type RequestKind = "write" | "read" | "other";

export interface PacerLimits {
  writesPer10s: number;
  readsPer10s: number;
  requestsPer60s: number;
  /** Share of each that may be used, above 0 up to 1. */
  share: number;
}

/** Whoever sends a request waits for its turn; whoever is told to wait makes all others wait. */
export interface Pacing {
  /** Waits until one more request of this kind may be sent. Callers are served in the order they came. */
  turn(kind: RequestKind): Promise<void>;
  /** After a 429: nobody sends anything for this long. */
  pause(ms: number): Promise<void>;
}

/** Requests are spaced by so much more than the limit asks for: on their way some catch up with those before, and a full window has no room for that. */
const MARGIN = 1.01;

function intervalsOf(limits: PacerLimits): Record<RequestKind | "all", number> {
  const interval = (windowMs: number, count: number) => (windowMs / (count * limits.share)) * MARGIN;
  const all = interval(60_000, limits.requestsPer60s);
  return { write: interval(10_000, limits.writesPer10s), read: interval(10_000, limits.readsPer10s), other: all, all };
}

/**
 * What this process really sent in one window of the service. A timer of a busy machine comes late, and turns that were spaced leave together; so a turn that
 * would be one too many waits until the window has room.
 */
class Window {
  readonly #lengthMs: number;
  /** Times of the last turns, as many as a window has room for, in a ring. */
  readonly #times: Float64Array;
  #oldest = 0;

  constructor(lengthMs: number, count: number) {
    this.#lengthMs = lengthMs * MARGIN;
    this.#times = new Float64Array(Math.max(1, Math.floor(count))).fill(Number.NEGATIVE_INFINITY);
  }

  /** Takes a place and says when it is: now, or as soon as there is room. */
  take(): number {
    const at = Math.max(performance.now(), (this.#times[this.#oldest] ?? 0) + this.#lengthMs);
    this.#times[this.#oldest] = at;
    this.#oldest = (this.#oldest + 1) % this.#times.length;
    return at;
  }
}

/** The windows of one process, by kind. */
class Windows {
  readonly #all: Window;
  readonly #kinds: Partial<Record<RequestKind, Window>>;

  constructor({ writesPer10s, readsPer10s, requestsPer60s, share }: PacerLimits) {
    this.#all = new Window(60_000, requestsPer60s * share);
    this.#kinds = { write: new Window(10_000, writesPer10s * share), read: new Window(10_000, readsPer10s * share) };
  }

  async room(kind: RequestKind): Promise<void> {
    const at = Math.max(this.#all.take(), this.#kinds[kind]?.take() ?? 0);
    for (let ms = at - performance.now(); ms > 0; ms = at - performance.now()) await sleep(ms);
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * Spaces requests evenly below the limits of WorkOS (its page "Rate limits"), so that a 429 is an exception and not the pacing.
 *
 * Even spacing, not a bucket: a burst at the edge of two windows of the service would count twice. Each kind has a clock of its own, and the general
 * limit has one that counts all: a request that waits for its kind does not make those of other kinds wait.
 */
export class Pacer implements Pacing {
  readonly #intervalMs: Record<RequestKind | "all", number>;
  readonly #windows: Windows;
  readonly #nextAt: Record<RequestKind | "all", number> = { write: 0, read: 0, other: 0, all: 0 };
  #pausedUntil = 0;

  constructor(limits: PacerLimits) {
    this.#intervalMs = intervalsOf(limits);
    this.#windows = new Windows(limits);
  }

  async turn(kind: RequestKind): Promise<void> {
    const now = performance.now();
    const [mine, all] = [this.#take(kind, now), this.#take("all", now)];
    await sleep(Math.max(mine, all) - now);
    while (this.#pausedUntil > performance.now()) await sleep(this.#pausedUntil - performance.now());
    await this.#windows.room(kind);
  }

  async pause(ms: number): Promise<void> {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + ms);
  }

  #take(clock: RequestKind | "all", now: number): number {
    const at = Math.max(now, this.#pausedUntil, this.#nextAt[clock]);
    this.#nextAt[clock] = at + this.#intervalMs[clock];
    return at;
  }
}

const RESERVE = `
update rehome.pace p
   set write_at = case when $1::text = 'write' then greatest(p.write_at, p.paused_until, clock_timestamp()) + $2::float8 * $3::float8 * interval '1 ms' else p.write_at end,
       read_at = case when $1 = 'read' then greatest(p.read_at, p.paused_until, clock_timestamp()) + $2::float8 * $3::float8 * interval '1 ms' else p.read_at end,
       all_at = greatest(p.all_at, p.paused_until, clock_timestamp()) + $2::float8 * $4::float8 * interval '1 ms'
returning extract(epoch from case $1 when 'write' then write_at when 'read' then read_at else all_at end - clock_timestamp())::float8 * 1000 as mine,
          extract(epoch from all_at - clock_timestamp())::float8 * 1000 as every`;

/**
 * The same for all processes that work on one move: the clocks stand in the ledger and go by the database's time. Turns that are asked for while a
 * reservation is under way are reserved together by the next one, so a busy process asks about once a round trip.
 *
 * The connection must be the pacer's own: a reservation inside somebody's open transaction would stop everybody.
 */
export class SharedPacer implements Pacing {
  readonly #client: ClientBase;
  readonly #intervalMs: Record<RequestKind | "all", number>;
  readonly #waiting: { kind: RequestKind; go: (afterMs: number) => void; fail: (error: unknown) => void }[] = [];
  #pausedUntil = 0;
  readonly #windows: Windows;
  #isReserving = false;

  constructor(client: ClientBase, limits: PacerLimits) {
    this.#client = client;
    this.#intervalMs = intervalsOf(limits);
    this.#windows = new Windows(limits);
  }

  /** @throws MoveError QUERY_FAILED, DATABASE_UNREACHABLE */
  async turn(kind: RequestKind): Promise<void> {
    const afterMs = await new Promise<number>((go, fail) => {
      this.#waiting.push({ kind, go, fail });
      void this.#reserve();
    });
    await sleep(afterMs);
    while (this.#pausedUntil > performance.now()) await sleep(this.#pausedUntil - performance.now());
    await this.#windows.room(kind);
  }

  async pause(ms: number): Promise<void> {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + ms);
    await query(
      this.#client,
      "let all processes wait for WorkOS",
      "update rehome.pace set paused_until = greatest(paused_until, clock_timestamp() + $1::float8 * interval '1 ms')",
      [ms],
    );
  }

  async #reserve(): Promise<void> {
    if (this.#isReserving) return;
    this.#isReserving = true;
    while (this.#waiting.length > 0) {
      const kind = this.#waiting[0]?.kind as RequestKind;
      const served = this.#waiting.filter((one) => one.kind === kind);
      this.#waiting.splice(0, this.#waiting.length, ...this.#waiting.filter((one) => one.kind !== kind));
      try {
        const [own, all] = [this.#intervalMs[kind], this.#intervalMs.all];
        const rows = await query<{ mine: number; every: number }>(this.#client, "take a turn at WorkOS", RESERVE, [
          kind,
          served.length,
          own,
          all,
        ]);
        const { mine, every } = rows[0] ?? { mine: 0, every: 0 };
        // The clocks stand behind the last turn taken; the first is so many intervals before.
        served.forEach((one, at) => {
          const left = served.length - at;
          one.go(Math.max(0, mine - left * own, every - left * all));
        });
      } catch (error) {
        for (const one of served) one.fail(error);
      }
    }
    this.#isReserving = false;
  }
}
