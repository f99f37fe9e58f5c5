import { forRole, membershipMirror, orgScoped } from "@rehome/tenancy";
import { foreignKey, integer, pgTable, primaryKey, text, unique, uuid } from "drizzle-orm/pg-core";

// What a stranger writes, with a Drizzle of their own: pack.test.ts compiles it against the packed package, generates its migration and runs it.

export const memberships = pgTable(
  "memberships",
  {
    orgId: text("org_id").notNull(),
    workosUserId: text("workos_user_id").notNull(),
    roleSlug: text("role_slug").notNull(),
    permissions: text("permissions").array().notNull(),
    status: text("status").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.workosUserId] }),
    ...membershipMirror(t),
    ...forRole(t.orgId, "rehome_job_sync", "select", "insert", "update", "delete"),
  ],
).enableRLS();

export const boats = pgTable(
  "boats",
  { id: uuid("id").primaryKey().defaultRandom(), orgId: text("org_id").notNull(), name: text("name").notNull() },
  (t) => [unique("boats_id_org_id").on(t.id, t.orgId), ...orgScoped(t.orgId, { delete: { role: "owner" } })],
).enableRLS();

export const trips = pgTable(
  "trips",
  {
    id: integer("id").primaryKey().generatedAlwaysAsIdentity(),
    orgId: text("org_id").notNull(),
    boatId: uuid("boat_id").notNull(),
  },
  (t) => [
    foreignKey({ columns: [t.boatId, t.orgId], foreignColumns: [boats.id, boats.orgId] }),
    ...orgScoped(t.orgId, { index: [t.boatId], update: false }),
  ],
).enableRLS();
