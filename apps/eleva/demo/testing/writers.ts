import type { DemoWorld } from "../world.ts";
import { connect } from "./connect.ts";

type Side = "legacy" | "target";
type Value = string | null;

/** Writers of the product that keep a record of their own of what was acknowledged. */
export interface Writers {
  /** Requests that were not taken within the patience. */
  failed(): number;
  /** Longest time from a request's first refusal to its success, since the last call. */
  longestRefusalMs(): number;
  /** What a side holds that it should not; one line a row. Ask after `stop`. */
  wrongOn(side: Side): Promise<string[]>;
  acknowledged(): number;
  stop(): Promise<void>;
}

export interface WriterOptions {
  /** Requests a second, of all writers together. */
  perSecond: number;
  writers?: number;
  /** Begins the keys of these writers; default `w`. */
  name?: string;
  /** How long one request is tried again while it is refused, or its server is away. */
  patienceMs: number;
}

/**
 * Lets writers insert, change and delete rows without a pause, on whichever side takes writes, as the product does: refused, they try again, and ask
 * the other side where one says that it does not serve. A request whose connection broke may or may not have been taken: either is right.
 */
export function startWriters(world: DemoWorld, { perSecond, writers = 8, name = "w", patienceMs }: WriterOptions): Writers {
  /** What a row may hold by what was answered; null: it is not there. */
  const possible = new Map<string, Set<Value>>();
  const counts = { acknowledged: 0, failed: 0, longestRefusalMs: 0 };
  let stopped = false;
  const pauseMs = (1000 * writers) / perSecond;

  async function writer(number: number): Promise<void> {
    let side: Side = "legacy";
    let client: Awaited<ReturnType<typeof connect>> | undefined;
    const once = async (id: string, value: Value): Promise<"taken" | "refused" | "unknown"> => {
      try {
        client ??= await connect(urlOf(world, side));
      } catch {
        return "refused"; // nothing was sent
      }
      try {
        await (value === null ? client.query(DELETE, [id]) : client.query(UPSERT, [id, value]));
        return "taken";
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === "RH001") return "refused";
        void client.end().catch(() => {});
        client = undefined;
        side = code === "RH002" || side === "target" ? other(side) : side;
        return code === "RH002" ? "refused" : "unknown";
      }
    };
    for (let n = 0; !stopped; n++) {
      const id = `${name}:${number}-${n % 3 === 0 ? n : n - 1 - ((n * 7) % Math.min(n, 40))}`;
      const value: Value = n % 11 === 10 ? null : `v${n}`;
      const since = performance.now();
      let refusedSince: number | undefined;
      for (;;) {
        const answer = await once(id, value);
        const now = performance.now();
        if (answer === "taken") {
          possible.set(id, new Set([value]));
          counts.acknowledged += 1;
          if (refusedSince !== undefined) counts.longestRefusalMs = Math.max(counts.longestRefusalMs, now - refusedSince);
          break;
        }
        if (answer === "unknown") possible.set(id, new Set([...(possible.get(id) ?? [null]), value]));
        refusedSince ??= now;
        if (now - since > patienceMs) {
          counts.failed += 1;
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, 25 + Math.random() * 50));
      }
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, pauseMs - (performance.now() - since))));
    }
    await client?.end().catch(() => {});
  }

  const running = Promise.all(Array.from({ length: writers }, (_, number) => writer(number)));
  return {
    failed: () => counts.failed,
    acknowledged: () => counts.acknowledged,
    longestRefusalMs() {
      const longest = counts.longestRefusalMs;
      counts.longestRefusalMs = 0;
      return Math.round(longest);
    },
    async wrongOn(where) {
      const reader = await connect(where === "legacy" ? world.sandbox.legacy.url("legacy") : world.sandbox.target.url("target"));
      const { rows } = await reader
        .query<{ id: string; value: string }>(
          "select event_id as id, event_type as value from stripe_processed_events where starts_with(event_id, $1)",
          [`${name}:`],
        )
        .finally(() => reader.end());
      const there = new Map(rows.map((row) => [row.id, row.value]));
      const wrong = [...possible].filter(([id, values]) => !values.has(there.get(id) ?? null));
      return [
        ...wrong.map(([id, values]) => `${id} is ${there.get(id) ?? "not there"}, acknowledged was ${[...values].join(" or ")}`),
        ...[...there.keys()].filter((id) => !possible.has(id)).map((id) => `${id} was never written`),
      ];
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}

const UPSERT =
  "insert into stripe_processed_events (event_id, event_type) values ($1, $2) on conflict (event_id) do update set event_type = excluded.event_type";
const DELETE = "delete from stripe_processed_events where event_id = $1";
const other = (side: Side): Side => (side === "legacy" ? "target" : "legacy");
/** On the target the mover's role without its pass is a writer like any other. */
const urlOf = (world: DemoWorld, side: Side): string =>
  side === "legacy" ? world.sandbox.legacy.url("legacy", "eleva_app") : (world.env["TARGET_MOVER_URL"] ?? "");
