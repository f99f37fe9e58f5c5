import { createHmac } from "node:crypto";
import { seededRandom, shuffled } from "../twin/random.ts";
import type { Clock } from "./clock.ts";
import { Collection } from "./collections.ts";
import type { WorkosEvent } from "./events.ts";
import { newId } from "./ids.ts";
import type { WebhookEndpoint } from "./state.ts";

/** What a test may do to deliveries; all chances follow the seed. */
export interface DeliverySwitches {
  /** Deliveries wait until this is false again, or until they are flushed. */
  paused: boolean;
  /** Share of deliveries that never arrive, 0 to 1. */
  dropRate: number;
  /** Share of deliveries that are made twice, 0 to 1. */
  duplicateRate: number;
  /** Each delivery waits a random time up to this. */
  longestDelayMs: number;
  /** So many deliveries are collected, then sent in random order; 1 keeps the order. */
  shuffleOf: number;
  /** How many requests one endpoint gets at the same time. */
  atOnce: number;
  /** Setting it starts the run of chances anew. */
  seed: number;
}

export interface Delivery {
  id: string;
  endpoint_id: string;
  event_id: string;
  event: string;
  state: "waiting" | "delivered" | "dropped" | "given_up";
  /** The status of each attempt; 0 when there was no answer. */
  attempts: number[];
}

interface Waiting {
  delivery: Delivery;
  body: string;
  dueAt: number;
  /** Of two that are due at the same time, the lower goes first. */
  rank: number;
}

export interface Flushed {
  sent: number;
  delivered: number;
  refused: number;
  /** What has not been delivered yet and will be tried again. */
  waiting: number;
}

// "Up to 6 retries over 3 days" (docs events/data-syncing/webhooks); how they are spread is not published.
const RETRY_AFTER_MINUTES = [1, 10, 60, 6 * 60, 18 * 60, 46 * 60];
const ANSWER_TIMEOUT_MS = 10_000;

export const NO_SWITCHES: DeliverySwitches = {
  paused: false,
  dropRate: 0,
  duplicateRate: 0,
  longestDelayMs: 0,
  shuffleOf: 1,
  atOnce: 1,
  seed: 1,
};

/** Carries events to webhook endpoints: signed, tried again when refused, and as badly as the switches ask for. */
export class Deliveries {
  readonly endpoints = new Collection<WebhookEndpoint>();
  readonly #clock: Clock;
  readonly #speed: number;
  readonly #log: Delivery[] = [];
  readonly #ended = new AbortController();
  readonly #inFlight = new Set<Promise<boolean>>();
  readonly #busy = new Map<string, number>();
  #collected: Waiting[] = [];
  #queue: Waiting[] = [];
  #switches = NO_SWITCHES;
  #random = seededRandom(NO_SWITCHES.seed);
  #ranks = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param speed makes the waits between retries so many times shorter */
  constructor(clock: Clock, speed: number) {
    this.#clock = clock;
    this.#speed = speed;
    clock.onAdvance(() => this.#pump());
  }

  /** Puts an event on its way to every endpoint that subscribed to it. */
  send(event: WorkosEvent): void {
    for (const endpoint of this.#subscribed(event)) this.#enqueue(event, endpoint);
    this.#pump();
  }

  /** Sends an event once more to every endpoint that subscribed to it, and answers how many there are. */
  resend(event: WorkosEvent): number {
    const endpoints = this.#subscribed(event);
    for (const endpoint of endpoints) this.#collect(event, endpoint);
    this.#pump();
    return endpoints.length;
  }

  get switches(): DeliverySwitches {
    return this.#switches;
  }

  set(changes: Partial<DeliverySwitches>): void {
    this.#switches = { ...this.#switches, ...changes };
    if (changes.seed !== undefined) this.#random = seededRandom(changes.seed);
    this.#pump();
  }

  /** All deliveries ever made, oldest first. */
  log(): readonly Delivery[] {
    return this.#log;
  }

  /** Tries everything that waits once, at once, paused or not, in its order, and waits for the answers. */
  async flush(): Promise<Flushed> {
    this.#release(1);
    const now = this.#queue.splice(0).sort(byDueTime);
    const lanes = Map.groupBy(now, ({ delivery }) => delivery.endpoint_id);
    const outcomes: boolean[] = [];
    await Promise.all(
      [...lanes.values()].flatMap((lane) =>
        Array.from({ length: this.#switches.atOnce }, async () => {
          for (let next = lane.shift(); next; next = lane.shift()) outcomes.push(await this.#attempt(next));
        }),
      ),
    );
    await Promise.all(this.#inFlight);
    this.#pump();
    const delivered = outcomes.filter(Boolean).length;
    return { sent: outcomes.length, delivered, refused: outcomes.length - delivered, waiting: this.#queue.length + this.#collected.length };
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#ended.abort();
  }

  #subscribed(event: WorkosEvent): WebhookEndpoint[] {
    return this.endpoints.all().filter((one) => one.status === "enabled" && one.events.includes(event.event));
  }

  #enqueue(event: WorkosEvent, endpoint: WebhookEndpoint): void {
    if (this.#random() < this.#switches.dropRate) {
      this.#note(event, endpoint).state = "dropped";
      return;
    }
    this.#collect(event, endpoint);
    if (this.#random() < this.#switches.duplicateRate) this.#collect(event, endpoint);
  }

  #collect(event: WorkosEvent, endpoint: WebhookEndpoint): void {
    this.#collected.push({ delivery: this.#note(event, endpoint), body: JSON.stringify(event), dueAt: 0, rank: 0 });
    this.#release(this.#switches.shuffleOf);
  }

  /** Lets go what has been collected, in random order, once there are so many. */
  #release(atLeast: number): void {
    if (this.#collected.length < atLeast) return;
    const { shuffleOf, longestDelayMs } = this.#switches;
    const batch = shuffleOf > 1 ? shuffled(this.#collected, this.#random) : this.#collected;
    this.#collected = [];
    const now = this.#clock.now();
    for (const waiting of batch) this.#queue.push({ ...waiting, dueAt: now + this.#random() * longestDelayMs, rank: this.#ranks++ });
  }

  #note(event: WorkosEvent, endpoint: WebhookEndpoint): Delivery {
    const delivery: Delivery = {
      id: newId("delivery"),
      endpoint_id: endpoint.id,
      event_id: event.id,
      event: event.event,
      state: "waiting",
      attempts: [],
    };
    this.#log.push(delivery);
    return delivery;
  }

  /** Starts what is due, and sets an alarm for what comes next. */
  #pump(): void {
    clearTimeout(this.#timer);
    if (this.#switches.paused || this.#ended.signal.aborted) return;
    const now = this.#clock.now();
    for (const waiting of this.#queue.filter(({ dueAt }) => dueAt <= now).sort(byDueTime)) {
      const { endpoint_id: id } = waiting.delivery;
      const busy = this.#busy.get(id) ?? 0;
      if (busy >= this.#switches.atOnce) continue;
      this.#busy.set(id, busy + 1);
      this.#queue.splice(this.#queue.indexOf(waiting), 1);
      const sending = this.#attempt(waiting);
      this.#inFlight.add(sending);
      void sending.then(() => {
        this.#inFlight.delete(sending);
        this.#busy.set(id, (this.#busy.get(id) ?? 1) - 1);
        this.#pump();
      });
    }
    const next = Math.min(...this.#queue.map(({ dueAt }) => dueAt).filter((dueAt) => dueAt > now));
    if (next < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#pump(), Math.min(next - now + 1, 2 ** 31 - 1)).unref();
  }

  /** One attempt; answers whether it was taken. Never throws. */
  async #attempt(waiting: Waiting): Promise<boolean> {
    const { delivery, body } = waiting;
    const endpoint = this.endpoints.get(delivery.endpoint_id);
    if (endpoint?.status !== "enabled") {
      delivery.state = "dropped";
      return false;
    }
    const status = await this.#post(endpoint, body);
    delivery.attempts.push(status);
    if (status >= 200 && status < 300) {
      delivery.state = "delivered";
      return true;
    }
    const minutes = RETRY_AFTER_MINUTES[delivery.attempts.length - 1];
    if (minutes === undefined) delivery.state = "given_up";
    else this.#queue.push({ ...waiting, dueAt: this.#clock.now() + (minutes * 60_000) / this.#speed, rank: this.#ranks++ });
    return false;
  }

  async #post(endpoint: WebhookEndpoint, body: string): Promise<number> {
    try {
      const reply = await fetch(endpoint.endpoint_url, {
        method: "POST",
        headers: { "content-type": "application/json", "workos-signature": signature(endpoint.secret, body) },
        body,
        redirect: "manual",
        signal: AbortSignal.any([this.#ended.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      });
      await reply.body?.cancel();
      return reply.status;
    } catch {
      return 0;
    }
  }
}

/** `WorkOS-Signature` for a body, as `webhooks.constructEvent` of the SDK checks it; the time is the machine's. */
export function signature(secret: string, body: string, time = Date.now()): string {
  return `t=${time}, v1=${createHmac("sha256", secret).update(`${time}.${body}`).digest("hex")}`;
}

function byDueTime(a: Waiting, b: Waiting): number {
  return a.dueAt - b.dueAt || a.rank - b.rank;
}
