import { policyBuilders } from "@rehome/tenancy";
import { bigint, integer, type PgRole, pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** The product's three tables as Drizzle knows them, with the policies that the builders give for this role. */
export function productTables(role: PgRole, shared: boolean) {
  const { orgScoped, sharedBetween } = policyBuilders({ authenticated: role });
  const meetings = pgTable(
    "meetings",
    {
      id: bigint("id", { mode: "number" }).primaryKey(),
      expertOrgId: text("expert_org_id").notNull(),
      patientOrgId: text("patient_org_id").notNull(),
      title: text("title").notNull(),
      startsAt: timestamp("starts_at", { withTimezone: true }).notNull(),
      priceCents: integer("price_cents").notNull(),
    },
    (t) => {
      const index = [t.startsAt, t.id];
      return shared ? sharedBetween(t.expertOrgId, t.patientOrgId, { index }) : orgScoped(t.expertOrgId, { index });
    },
  ).enableRLS();
  const records = pgTable("records", { meetingId: bigint("meeting_id", { mode: "number" }).primaryKey(), ...ofOrganization() }, (t) =>
    orgScoped(t.orgId),
  );
  const payments = pgTable("payments", { meetingId: bigint("meeting_id", { mode: "number" }).primaryKey(), ...ofOrganization() }, (t) =>
    orgScoped(t.orgId),
  );
  return { meetings, records, payments };
}

const ofOrganization = () => ({ orgId: text("org_id").notNull() });
