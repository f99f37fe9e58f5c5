import { confidential, forRole, membershipMirror, orgScoped, ownRow, published, sharedBetween, sharedByGrant } from "@rehome/tenancy";
import { sql } from "drizzle-orm";
import { boolean, date, foreignKey, index, pgTable, primaryKey, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";

// A project tracker for agencies and their clients. Every policy here comes from a builder; who-sees-what.ts says the same in plain words.

const id = () => uuid("id").primaryKey().defaultRandom();
const moment = (name: string) => timestamp(name, { withTimezone: true }).notNull();
const organization = () =>
  text("org_id")
    .notNull()
    .references(() => organizations.id);
const LEADERS = ["owner", "admin"];

/** Also the public directory, for those who want to be in it. */
export const organizations = pgTable(
  "organizations",
  {
    id: text("id").primaryKey(),
    name: text("name").notNull(),
    listed: boolean("listed").notNull().default(false),
  },
  (t) => [
    ...orgScoped(t.id, { index: false, insert: false, delete: false, update: { role: "owner" } }),
    ...published(t.listed, { who: "listed", index: [t.name] }),
    ...forRole(t.id, "rehome_job_sync", "select", "insert", "update", "delete"),
  ],
).enableRLS();

/** The mirror of WorkOS memberships, which the guard asks in every statement. */
export const memberships = pgTable(
  "memberships",
  {
    orgId: organization(),
    workosUserId: text("workos_user_id").notNull(),
    roleSlug: text("role_slug").notNull(),
    permissions: text("permissions").array().notNull().default(sql`'{}'`),
    status: text("status").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.workosUserId] }),
    ...membershipMirror(t),
    ...forRole(t.orgId, "rehome_job_sync", "select", "insert", "update", "delete"),
  ],
).enableRLS();

export const projects = pgTable(
  "projects",
  {
    id: id(),
    orgId: organization(),
    name: text("name").notNull(),
  },
  (t) => [
    unique("projects_id_org_id").on(t.id, t.orgId),
    ...orgScoped(t.orgId, {
      insert: { permission: "projects:write" },
      update: { permission: "projects:write" },
      delete: { role: LEADERS },
    }),
  ],
).enableRLS();

export const tasks = pgTable(
  "tasks",
  {
    id: id(),
    orgId: organization(),
    projectId: uuid("project_id").notNull(),
    title: text("title").notNull(),
    due: date("due"),
  },
  (t) => [
    // The pair: a task's project is of the task's own organization. A key to projects.id alone would accept, and so betray, any other's.
    foreignKey({ columns: [t.projectId, t.orgId], foreignColumns: [projects.id, projects.orgId] }).onDelete("cascade"),
    index("tasks_project_id_org_id").on(t.projectId, t.orgId),
    unique("tasks_id_org_id").on(t.id, t.orgId),
    ...orgScoped(t.orgId, { index: [t.due], keep: [t.projectId], delete: { role: LEADERS } }),
    ...sharedByGrant(t.id, {
      grants: "public.task_shares",
      row: "task_id",
      grantee: "grantee_user_id",
      expiresAt: "expires_at",
    }),
    ...forRole(t.id, "rehome_job_digest", "select"),
  ],
).enableRLS();

/** Invites one person from outside to one task, until a moment. */
export const taskShares = pgTable(
  "task_shares",
  {
    id: id(),
    orgId: organization(),
    taskId: uuid("task_id").notNull(),
    granteeUserId: text("grantee_user_id").notNull(),
    expiresAt: moment("expires_at"),
  },
  (t) => [
    foreignKey({ columns: [t.taskId, t.orgId], foreignColumns: [tasks.id, tasks.orgId] }).onDelete("cascade"),
    index("task_shares_task_id_org_id").on(t.taskId, t.orgId),
    ...orgScoped(t.orgId, { keep: [t.taskId, t.granteeUserId], write: { role: LEADERS } }),
    ...ownRow(t.granteeUserId, { who: "grantee", write: false }),
  ],
).enableRLS();

/** What an agency (org_id) does for a client: both read it, the agency writes it. */
export const engagements = pgTable(
  "engagements",
  {
    id: id(),
    orgId: organization(),
    clientOrgId: text("client_org_id")
      .notNull()
      .references(() => organizations.id),
    title: text("title").notNull(),
    startsAt: moment("starts_at"),
  },
  (t) => [
    ...sharedBetween(t.orgId, t.clientOrgId, {
      index: [t.startsAt, t.id],
      insert: { permission: "engagements:write" },
      delete: { role: LEADERS },
    }),
  ],
).enableRLS();

/** Written inside, shown to everyone once public. */
export const pages = pgTable(
  "pages",
  {
    id: id(),
    orgId: organization(),
    title: text("title").notNull(),
    isPublic: boolean("is_public").notNull().default(false),
  },
  (t) => [...orgScoped(t.orgId, { delete: { role: LEADERS } }), ...published(t.isPublic)],
).enableRLS();

/** A person's own, in one organization; not even its owner reads them, and nobody can compare what stands in them. */
export const notes = pgTable(
  "notes",
  {
    id: id(),
    orgId: organization(),
    userId: text("user_id").notNull(),
    body: text("body").notNull(),
  },
  (t) => [index("notes_org_id").on(t.orgId), ...ownRow(t.userId, { org: t.orgId }), ...confidential(t.body)],
).enableRLS();
