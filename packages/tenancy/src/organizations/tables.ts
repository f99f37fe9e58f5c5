import { type SQL, sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  boolean,
  index,
  type PgColumnBuilderBase,
  pgPolicy,
  pgRole,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { inSchema } from "../install/sql-text.ts";
import { confidential } from "../policies/builders.ts";
import { allRows, deletable } from "./policies.ts";

const authenticated = pgRole("authenticated").existing();
const guard = pgRole("rehome_guard").existing();
const sync = pgRole("rehome_job_sync").existing();
const claim = pgRole("rehome_job_claim").existing();
const functions = pgRole("rehome_fn_organizations").existing();

type Columns = Record<string, PgColumnBuilderBase>;

/** A product's own columns beside the standard ones. Nullable or with a default: the sync knows only the standard ones. */
export interface OwnColumns<O extends Columns, U extends Columns, M extends Columns, I extends Columns> {
  organizations?: O;
  users?: U;
  memberships?: M;
  invitations?: I;
}

const moment = (name: string) => timestamp(name, { withTimezone: true });
const createdAt = () => moment("created_at").notNull().defaultNow();

/** `id` is the WorkOS organization id, or `guest_…` while nobody has claimed it. Type and tier are checked against the definition. */
export const organizationColumns = () => ({
  id: text("id").primaryKey(),
  type: text("type").notNull(),
  tier: text("tier").notNull(),
  name: text("name"),
  slug: text("slug").unique(),
  claimed: boolean("claimed").notNull().default(true),
  createdAt: createdAt(),
});

/**
 * The four tables of schema public that organizations need, with the policies of the application, the guard and the jobs. Export them from the
 * schema file: drizzle-kit then makes ordinary migrations. installOrganizations adds grants and triggers.
 *
 * @param options.ownerRole as in the definition; an index lets one active member have it
 * @param options.schema where the guard lives
 */
export function organizationTables<
  O extends Columns = Record<never, never>,
  U extends Columns = Record<never, never>,
  M extends Columns = Record<never, never>,
  I extends Columns = Record<never, never>,
>(own: OwnColumns<O, U, M, I> = {}, { ownerRole = "owner", schema = "auth" }: { ownerRole?: string; schema?: string } = {}) {
  // The scalar subselect makes an accessor one index condition a scan; called bare it runs once a row.
  const ownOrg = (column: AnyPgColumn): SQL => sql`${column} = ${sql.raw(inSchema("(select auth.org_id())", schema))}`;
  const self = (column: AnyPgColumn): SQL => sql`${column} = ${sql.raw(inSchema("(select auth.user_id())", schema))}`;
  const organizations = pgTable("organizations", { ...organizationColumns(), ...(own.organizations as O) }, (t) => {
    const { id } = t as unknown as { id: AnyPgColumn };
    return [
      pgPolicy("organizations_select_member", { for: "select", to: authenticated, using: ownOrg(id) }),
      ...forSync("organizations", "select", "insert", "update"),
      allRows("organizations", "select", functions, "fn_organizations"),
      // To lock a row, which asks for the right to update it; no update passes the check.
      allRows("organizations", "update", functions, "fn_organizations", "false"),
      allRows("organizations", "select", claim, "job_claim"),
      pgPolicy("organizations_update_job_claim", { for: "update", to: claim, using: sql`not claimed`, withCheck: sql`not claimed` }),
      pgPolicy("organizations_delete_job_claim", { for: "delete", to: claim, using: sql`not claimed and starts_with(id, 'guest_')` }),
      ...deletable("organizations", [id]),
    ];
  }).enableRLS();
  const orgId = orgIdOf(() => (organizations as unknown as { id: AnyPgColumn }).id);

  const users = pgTable("users", { ...userColumns(orgId), ...(own.users as U) }, (table) => {
    const t = table as unknown as Record<"orgId" | "workosUserId" | "email" | "firstName" | "lastName", AnyPgColumn>;
    return [
      ...confidential(t.email, t.firstName, t.lastName),
      index("users_org_id").on(t.orgId),
      pgPolicy("users_select_self", { for: "select", to: authenticated, using: self(t.workosUserId) }),
      // Which columns is a matter of grants: names and image, never id, organization or address.
      pgPolicy("users_update_self", { for: "update", to: authenticated, using: self(t.workosUserId), withCheck: self(t.workosUserId) }),
      ...forSync("users", "select", "insert", "update"),
      allRows("users", "select", claim, "job_claim"),
      ...deletable("users", [t.orgId]),
    ];
  }).enableRLS();

  const memberships = pgTable("memberships", { ...membershipColumns(orgId), ...(own.memberships as M) }, (table) => {
    const t = table as unknown as Record<"orgId" | "workosUserId" | "roleSlug" | "status", AnyPgColumn>;
    return [
      primaryKey({ columns: [t.orgId, t.workosUserId] as never }),
      index("memberships_workos_user_id").on(t.workosUserId),
      uniqueIndex("memberships_one_owner")
        .on(t.orgId)
        .where(sql.raw(`role_slug = '${ownerRole.replaceAll("'", "''")}' and status = 'active'`)),
      pgPolicy("memberships_select_self", { for: "select", to: authenticated, using: self(t.workosUserId) }),
      pgPolicy("rehome_guard", { for: "select", to: guard, using: sql`true` }),
      ...forSync("memberships", "select", "insert", "update", "delete"),
      allRows("memberships", "select", functions, "fn_organizations"),
      ...deletable("memberships", [t.orgId]),
    ];
  }).enableRLS();

  const invitations = pgTable("invitations", { ...invitationColumns(orgId), ...(own.invitations as I) }, (table) => {
    const t = table as unknown as Record<"orgId" | "email", AnyPgColumn>;
    return [
      ...confidential(t.email),
      index("invitations_org_id").on(t.orgId),
      pgPolicy("invitations_select_own_org", { for: "select", to: authenticated, using: ownOrg(t.orgId) }),
      ...forSync("invitations", "select", "insert", "update"),
      ...deletable("invitations", [t.orgId]),
    ];
  }).enableRLS();

  return { organizations, users, memberships, invitations };
}

/** One row for every WorkOS user; `org_id` is the personal organization. */
const userColumns = (orgId: OrgId) => ({
  id: uuid("id").primaryKey().defaultRandom(),
  orgId: orgId(),
  workosUserId: text("workos_user_id").notNull().unique(),
  email: text("email").notNull(),
  emailVerified: boolean("email_verified").notNull().default(false),
  firstName: text("first_name"),
  lastName: text("last_name"),
  imageUrl: text("image_url"),
  createdAt: createdAt(),
  updatedAt: moment("updated_at").notNull().defaultNow(),
});

/** The mirror of WorkOS memberships, which the guard asks in every statement. `id` is the WorkOS membership id. */
const membershipColumns = (orgId: OrgId) => ({
  orgId: orgId(),
  workosUserId: text("workos_user_id").notNull(),
  id: text("id").notNull().unique(),
  roleSlug: text("role_slug").notNull(),
  permissions: text("permissions").array().notNull().default(sql`'{}'`),
  status: text("status").notNull(),
});

/** `status`: pending, accepted, revoked or expired; a pending one whose `expires_at` has passed is expired too. */
const invitationColumns = (orgId: OrgId) => ({
  id: text("id").primaryKey(),
  orgId: orgId(),
  email: text("email").notNull(),
  roleSlug: text("role_slug"),
  status: text("status").notNull(),
  inviterUserId: text("inviter_user_id"),
  expiresAt: moment("expires_at").notNull(),
  createdAt: createdAt(),
  updatedAt: moment("updated_at").notNull().defaultNow(),
});

type OrgId = ReturnType<typeof orgIdOf>;

const orgIdOf = (organization: () => AnyPgColumn) => () => text("org_id").notNull().references(organization);

function forSync(table: string, ...verbs: ("select" | "insert" | "update" | "delete")[]) {
  return verbs.map((verb) => allRows(table, verb, sync, "job_sync"));
}
