import { sql } from "drizzle-orm";
import { index, integer, pgPolicy, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { createdAt, moment } from "./columns.ts";
import { meetings } from "./meetings.ts";
import { orgId, patientOrgId } from "./organizations.ts";
import { allRows, claimable, every, ofMeeting, ownOrg, readable, self } from "./policies.ts";
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
  (t) => {
    const writer = every(self(t.expertUserId), ownOrg(t.orgId));
    return [
      index("records_org_id").on(t.orgId),
      index("records_patient_org_id").on(t.patientOrgId),
      index("records_expert_user_id").on(t.expertUserId),
      index("records_meeting_id").on(t.meetingId),
      readable("records", "writing_expert", authenticated, writer),
      readable("records", "patient_org", authenticated, ownOrg(t.patientOrgId)),
      // clock_timestamp: one message of several statements, or a DO block that waits, keeps the statement_timestamp it began with.
      // An array out of an uncorrelated subquery is computed once and can use the primary key; `exists` would scan all records.
      readable(
        "records",
        "share",
        authenticated,
        sql`${t.id} = any (array(select s.record_id from public.record_shares s where s.grantee_user_id = (select auth.user_id()) and s.expires_at > clock_timestamp()))`,
      ),
      pgPolicy("records_insert_writing_expert", {
        for: "insert",
        to: authenticated,
        withCheck: every(writer, ofMeeting(t)),
      }),
      // Which columns is a matter of grants.sql: the text and its version.
      pgPolicy("records_update_writing_expert", {
        for: "update",
        to: authenticated,
        using: writer,
        withCheck: writer,
      }),
      ...claimable("records", t.patientOrgId),
      ...allRows("records", fn.check, "select"),
    ];
  },
);

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
    index("record_shares_org_id").on(t.orgId),
    index("record_shares_record_id").on(t.recordId),
    index("record_shares_grantee_user_id").on(t.granteeUserId),
    readable("record_shares", "parties", authenticated, sql`${ownOrg(t.orgId)} or ${self(t.granteeUserId)}`),
    // The check is a function: a subquery on records would meet records' own policy on shares, which Postgres refuses as recursion.
    pgPolicy("record_shares_insert_patient_org", {
      for: "insert",
      to: authenticated,
      withCheck: every(ownOrg(t.orgId), sql`public.may_share_record(${t.recordId})`),
    }),
    // Column grants: only the end of a share can be changed.
    pgPolicy("record_shares_update_patient_org", {
      for: "update",
      to: authenticated,
      using: ownOrg(t.orgId),
      withCheck: ownOrg(t.orgId),
    }),
    pgPolicy("record_shares_delete_patient_org", {
      for: "delete",
      to: authenticated,
      using: ownOrg(t.orgId),
    }),
  ],
);
