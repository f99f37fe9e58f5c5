import { claimable, confidential, deletable, orgScoped, ownRow, sharedByGrant } from "@rehome/tenancy";
import { sql } from "drizzle-orm";
import { index, integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { createdAt, moment } from "./columns.ts";
import { meetings } from "./meetings.ts";
import { orgId, patientOrgId } from "./organizations.ts";
import { allRows, ofMeeting, ownOrg, readable, self } from "./policies.ts";
import { authenticated, fn } from "./roles.ts";

/** Encrypted notes. Organization membership alone never opens one. */
export const records = pgTable(
  "records",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    orgId: orgId(),
    patientOrgId: patientOrgId(),
    meetingId: uuid("meeting_id")
      .notNull()
      .references(() => meetings.id, { onDelete: "cascade" }),
    expertUserId: text("expert_user_id").notNull(),
    guestEmail: text("guest_email").notNull(),
    encryptedContent: text("encrypted_content").notNull(),
    encryptedMetadata: text("encrypted_metadata"),
    version: integer("version").notNull().default(1),
    lastModifiedAt: moment("last_modified_at").notNull().defaultNow(),
    createdAt: createdAt(),
  },
  (t) => [
    index("records_org_id").on(t.orgId),
    ...confidential(t.guestEmail, t.encryptedContent, t.encryptedMetadata),
    index("records_meeting_id").on(t.meetingId),
    // Which columns an update may name is a matter of grants.sql: the text and its version.
    ...ownRow(t.expertUserId, {
      org: t.orgId,
      who: "writing_expert",
      insert: { check: ofMeeting(t) },
      delete: false,
      keep: [t.patientOrgId, t.meetingId],
    }),
    ...orgScoped(t.patientOrgId, { who: "patient_org", write: false }),
    ...sharedByGrant(t.id, {
      grants: "public.record_shares",
      row: "record_id",
      grantee: "grantee_user_id",
      expiresAt: "expires_at",
    }),
    ...claimable("records", t.patientOrgId),
    ...allRows("records", fn.check, "select"),
    ...deletable("records", [t.orgId, t.patientOrgId]),
  ],
).enableRLS();

/** What a patient grants of one record, to one person, until a moment. `org_id` is the patient's organization. */
export const recordShares = pgTable(
  "record_shares",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    recordId: uuid("record_id")
      .notNull()
      .references(() => records.id, { onDelete: "cascade" }),
    orgId: orgId(),
    granteeUserId: text("grantee_user_id").notNull(),
    expiresAt: moment("expires_at").notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    index("record_shares_record_id").on(t.recordId),
    index("record_shares_grantee_user_id").on(t.granteeUserId),
    readable("record_shares", "parties", authenticated, sql`${ownOrg(t.orgId)} or ${self(t.granteeUserId)}`),
    // The check is a function: a subquery on records would meet records' own policy on shares, which Postgres refuses as recursion.
    // Column grants: only the end of a share can be changed.
    ...orgScoped(t.orgId, {
      who: "patient_org",
      read: false,
      insert: { check: sql`public.may_share_record(${t.recordId})` },
      keep: [t.recordId, t.granteeUserId],
    }),
    ...deletable("record_shares", [t.orgId], { person: t.granteeUserId }),
  ],
).enableRLS();
