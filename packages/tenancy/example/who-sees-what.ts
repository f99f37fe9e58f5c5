import type { Oracle, Persona, Row, TableRule, World } from "@rehome/tenancy";

/**
 * Who sees what in the example, in plain TypeScript: the hunter measures the database against it. It shares nothing with the policies.
 *
 * `rows` says what the policies must let through; `columns` of an update what the grants do: never a key, an organization or a person.
 */
export const whoSeesWhat: Oracle = { rules };

interface Member {
  user: string | undefined;
  org: string | undefined;
  role: string;
  may(permission: string): boolean;
}

function rules(world: World, persona: Persona): Record<string, TableRule> {
  if (persona.role === "rehome_job_sync") return SYNC;
  if (persona.role === "rehome_job_digest") return { tasks: { read: { rows: everyRow } } };
  if (persona.role === "rehome_guard") return { memberships: { read: { rows: everyRow } } };
  if (persona.role === "anonymous") return { organizations: LISTED, pages: PUBLIC };
  if (persona.role !== "authenticated") return {};
  // A person whose token counts for nothing has the same role, and so may run the same statements: they find what everyone finds.
  return ofMember(world, memberOf(world, persona) ?? NOBODY);
}

const LISTED: TableRule = { read: { rows: (row) => row["listed"] === true } };
const PUBLIC: TableRule = { read: { rows: (row) => row["is_public"] === true } };
const NOBODY: Member = { user: undefined, org: undefined, role: "", may: () => false };

function ofMember(world: World, me: Member): Record<string, TableRule> {
  const ours = (row: Row) => row["org_id"] === me.org;
  const leads = me.role === "owner" || me.role === "admin";
  const when = (allowed: boolean, rows: (row: Row) => boolean) => (row: Row) => allowed && rows(row);
  const mine = (row: Row) => row["user_id"] === me.user && ours(row);
  const open = new Set(
    (world.rows["task_shares"] ?? [])
      .filter((share) => share["grantee_user_id"] === me.user && new Date(String(share["expires_at"])) > world.now)
      .map((share) => share["task_id"]),
  );
  return {
    organizations: {
      read: { rows: (row) => row["id"] === me.org || row["listed"] === true },
      update: { rows: (row) => row["id"] === me.org && me.role === "owner", columns: ["name", "listed"] },
    },
    memberships: { read: { rows: (row) => row["workos_user_id"] === me.user } },
    projects: {
      read: { rows: ours },
      insert: { rows: when(me.may("projects:write"), ours) },
      update: { rows: when(me.may("projects:write"), ours), columns: ["name"] },
      delete: { rows: when(leads, ours) },
    },
    tasks: {
      read: { rows: (row) => ours(row) || open.has(row["id"]) },
      insert: { rows: ours },
      update: { rows: ours, columns: ["title", "due"] },
      delete: { rows: when(leads, ours) },
    },
    task_shares: {
      read: { rows: (row) => ours(row) || row["grantee_user_id"] === me.user },
      insert: { rows: when(leads, ours) },
      update: { rows: when(leads, ours), columns: ["expires_at"] },
      delete: { rows: when(leads, ours) },
    },
    engagements: {
      read: { rows: (row) => ours(row) || row["client_org_id"] === me.org },
      insert: { rows: when(me.may("engagements:write"), ours) },
      update: { rows: ours, columns: ["title", "starts_at"] },
      delete: { rows: when(leads, ours) },
    },
    pages: {
      read: { rows: (row) => ours(row) || row["is_public"] === true },
      insert: { rows: ours },
      update: { rows: ours, columns: ["title", "is_public"] },
      delete: { rows: when(leads, ours) },
    },
    notes: {
      read: { rows: mine, columns: ["id", "org_id", "user_id"] },
      whole: { rows: mine },
      insert: { rows: mine },
      update: { rows: mine, columns: ["body"] },
      delete: { rows: mine },
    },
  };
}

/** Counts only while the membership is active and the token good. */
function memberOf(world: World, persona: Persona): Member | undefined {
  const { userId, orgId } = persona;
  if (persona.refused !== undefined || persona.token === undefined || userId === null || orgId === null) return undefined;
  const row = world.rows["memberships"]?.find((each) => each["workos_user_id"] === userId && each["org_id"] === orgId);
  if (row?.["status"] !== "active") return undefined;
  const held = row["permissions"] as string[];
  return {
    user: userId,
    org: orgId,
    role: String(row["role_slug"]),
    may: (permission) => held.some((one) => one === permission || (one.endsWith("*") && permission.startsWith(one.slice(0, -1)))),
  };
}

const everyRow = () => true;

const SYNC: Record<string, TableRule> = {
  organizations: {
    read: { rows: everyRow },
    insert: { rows: everyRow },
    update: { rows: everyRow, columns: ["name", "listed"] },
    delete: { rows: everyRow },
  },
  memberships: {
    read: { rows: everyRow },
    insert: { rows: everyRow },
    update: { rows: everyRow, columns: ["role_slug", "permissions", "status"] },
    delete: { rows: everyRow },
  },
};
