import { pgTable, text } from "drizzle-orm/pg-core";
import { moment } from "./columns.ts";
import { allRows } from "./policies.ts";
import { job } from "./roles.ts";

/** Stripe events that were handled, so that a repeated webhook does nothing. Shared: it has no org_id, and nobody but the payments job sees it. */
export const stripeProcessedEvents = pgTable(
  "stripe_processed_events",
  {
    eventId: text("event_id").primaryKey(),
    eventType: text("event_type").notNull(),
    processedAt: moment("processed_at").notNull().defaultNow(),
  },
  () => allRows("stripe_processed_events", job.payments, "select", "insert"),
).enableRLS();
