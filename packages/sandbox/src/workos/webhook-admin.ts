import type { Hono } from "hono";
import { type Body, readBody, requiredText } from "./body.ts";
import { type Deliveries, type DeliverySwitches, NO_SWITCHES } from "./deliveries.ts";
import { notFound, unprocessable } from "./errors.ts";
import type { Environment } from "./state.ts";

const share = (value: unknown): boolean => typeof value === "number" && value >= 0 && value <= 1;
const natural = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const FORMS: Record<keyof DeliverySwitches, (value: unknown) => boolean> = {
  paused: (value) => typeof value === "boolean",
  dropRate: share,
  duplicateRate: share,
  longestDelayMs: natural,
  shuffleOf: (value) => natural(value) && (value as number) > 0,
  atOnce: (value) => natural(value) && (value as number) > 0,
  seed: natural,
};

/** What a test can do to deliveries, and to the twin's clock. */
export function addWebhookAdminRoutes(app: Hono, environment: Environment, deliveries: Deliveries): void {
  app.get("/__twin/webhooks", (c) => c.json({ switches: deliveries.switches, deliveries: deliveries.log() }));

  app.put("/__twin/webhooks", async (c) => {
    deliveries.set(readSwitches(await readBody(c)));
    return c.json({ switches: deliveries.switches });
  });

  app.delete("/__twin/webhooks", (c) => {
    deliveries.set(NO_SWITCHES);
    return c.json({ switches: deliveries.switches });
  });

  app.post("/__twin/webhooks/flush", async (c) => c.json(await deliveries.flush()));

  app.post("/__twin/webhooks/resend", async (c) => {
    const id = requiredText(await readBody(c), "event_id");
    const event = environment.events.find(id);
    if (!event) throw notFound("Event", id);
    return c.json({ deliveries: deliveries.resend(event) });
  });

  app.post("/__twin/clock", async (c) => {
    const { advance_seconds: seconds } = await readBody(c);
    if (typeof seconds !== "number" || seconds < 0) throw unprocessable("advance_seconds", "must be a number of seconds");
    environment.clock.advance(seconds * 1_000);
    return c.json({ now: new Date(environment.clock.now()).toISOString() });
  });
}

function readSwitches(body: Body): Partial<DeliverySwitches> {
  for (const [name, value] of Object.entries(body)) {
    const fits = FORMS[name as keyof DeliverySwitches];
    if (!fits) throw unprocessable(name, `is no switch; there are ${Object.keys(FORMS).join(", ")}`);
    if (!fits(value)) throw unprocessable(name, "has a wrong form");
  }
  return body as Partial<DeliverySwitches>;
}
