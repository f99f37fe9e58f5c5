import type { Context, Hono } from "hono";
import type { Clock } from "./clock.ts";
import { ApiError } from "./errors.ts";
import { newId } from "./ids.ts";
import { paginate, readPageQuery } from "./pages.ts";

/** An event as the Events API lists it and a webhook carries it. */
export interface WorkosEvent {
  object: "event";
  id: string;
  event: string;
  data: Readonly<Record<string, unknown>>;
  created_at: string;
  context: Record<string, never>;
}

interface LoggedEvent {
  id: string;
  event: WorkosEvent;
  organizationId: string | undefined;
  at: number;
}

const DAY_MS = 24 * 3_600_000;
// docs events/data-syncing/events-api: events of 90 days, at most 30 days a query.
const KEPT_MS = 90 * DAY_MS;
const LONGEST_RANGE_MS = 30 * DAY_MS;

/** Everything that has happened in an environment, oldest first, for as long as the service keeps it. */
export class EventLog {
  readonly #clock: Clock;
  readonly #events: LoggedEvent[] = [];
  readonly #listeners: ((event: WorkosEvent) => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds one who hears of each event as it happens. */
  onEvent(listener: (event: WorkosEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Logs what has just happened; the data are copied, so that later changes do not reach back. */
  append(name: string, data: Readonly<Record<string, unknown>>, organizationId?: string): void {
    const at = this.#clock.now();
    const event: WorkosEvent = {
      object: "event",
      id: newId("event"),
      event: name,
      data: structuredClone(data),
      created_at: new Date(at).toISOString(),
      context: {},
    };
    this.#events.push({ id: event.id, event, organizationId, at });
    for (const listener of this.#listeners) listener(event);
  }

  find(id: string): WorkosEvent | undefined {
    return this.#kept().find((one) => one.id === id)?.event;
  }

  /** The events of these names that are still kept, oldest first. `from` and `until` are milliseconds since 1970, both included. */
  list(filter: { names: ReadonlySet<string>; organizationId?: string | undefined; from?: number; until?: number }): LoggedEvent[] {
    const { names, organizationId, from = 0, until = Number.POSITIVE_INFINITY } = filter;
    return this.#kept().filter(
      (one) =>
        names.has(one.event.event) &&
        (organizationId === undefined || one.organizationId === organizationId) &&
        one.at >= from &&
        one.at <= until,
    );
  }

  #kept(): readonly LoggedEvent[] {
    const oldest = this.#clock.now() - KEPT_MS;
    const gone = this.#events.findIndex((one) => one.at >= oldest);
    this.#events.splice(0, gone === -1 ? this.#events.length : gone);
    return this.#events;
  }
}

export function addEventRoutes(app: Hono, log: EventLog, clock: Clock): void {
  app.get("/events", (c) => {
    const names = readNames(c);
    const { limit, after } = readPageQuery((name) => c.req.query(name));
    const { from, until } = readRange(c, after, clock.now());
    const events = log.list({ names, organizationId: c.req.query("organization_id"), from, until });
    // Oldest first whatever `order` says: the service ignores it (workos/workos-node issue 1610, seen in June 2026).
    const { data, list_metadata: cursors } = paginate(events, { limit, order: "asc", after }, ({ event }) => event);
    return c.json({ object: "list", data, list_metadata: { after: cursors.after } });
  });
}

function readNames(c: Context): ReadonlySet<string> {
  const names = [...(c.req.queries("events") ?? []), ...(c.req.queries("events[]") ?? [])].flatMap((value) => value.split(","));
  if (names.length === 0 || names.includes("")) throw refused("required", "events");
  return new Set(names);
}

/** The time a query covers: what it names, from its cursor on, or else the last 30 days. */
function readRange(c: Context, after: string | undefined, now: number): { from: number; until: number } {
  const start = readTime(c, "range_start");
  const end = readTime(c, "range_end");
  if (start === undefined && end === undefined) return { from: after === undefined ? now - LONGEST_RANGE_MS : 0, until: now };
  const until = end ?? now;
  const from = start ?? until - LONGEST_RANGE_MS;
  if (from > until) throw new ApiError(400, { message: "range_start lies after range_end." });
  if (until - from > LONGEST_RANGE_MS) throw new ApiError(400, { message: "A range covers at most 30 days." });
  return { from, until };
}

function readTime(c: Context, name: string): number | undefined {
  const text = c.req.query(name);
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw refused("invalid", name);
  return time;
}

/** 422 as this operation describes it: a list of fields. */
function refused(code: string, field: string): ApiError {
  return new ApiError(422, { message: "Validation failed.", errors: [{ code, field }] });
}
