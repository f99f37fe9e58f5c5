import { orgScoped } from "@rehome/tenancy";
import { type AnyColumn, type SQL, sql } from "drizzle-orm";
import { type AnyPgColumn, type PgRole, pgPolicy } from "drizzle-orm/pg-core";

const ORG = sql.raw("(select auth.org_id())");
const USER = sql.raw("(select auth.user_id())");
const ANY_ROW = sql.raw("true");

/** The row belongs to the organization of the verified token; never true without an active membership. */
export const ownOrg = (column: AnyColumn): SQL => sql`${column} = ${ORG}`;
/** The row is the verified person's; never true without an active membership. */
export const self = (column: AnyColumn): SQL => sql`${column} = ${USER}`;

/** Whose name a member may write into a new row: the own one, or that of any active member of the organization. */
type Names = "self" | "members";

/**
 * A product table whose rows members of the organization read and write as their permissions for `resource` say (`delete: false`: but for
 * deleting). Where a row names a person, `names` says whom a new one may name.
 */
export function ownedByOrg(
  resource: string,
  columns: { orgId: AnyPgColumn; workosUserId?: AnyPgColumn },
  more: { names?: Names; insert?: SQL; update?: SQL; delete?: SQL | false } = {},
) {
  const { workosUserId } = columns;
  const named = workosUserId && (more.names === "members" ? sql`public.is_own_member(${workosUserId})` : self(workosUserId));
  const insert = [named, more.insert].filter((condition) => condition !== undefined);
  return orgScoped(columns.orgId, {
    read: { permission: `${resource}:read` },
    write: { permission: `${resource}:write` },
    keep: workosUserId ? [workosUserId] : [],
    insert: insert.length > 0 ? { check: every(...insert) } : {},
    update: more.update ? { check: more.update } : {},
    delete: more.delete === false ? false : more.delete ? { rows: more.delete } : {},
  });
}

/** A policy for reading under another condition. */
export function readable(table: string, who: string, to: PgRole | PgRole[], using: SQL) {
  return pgPolicy(`${table}_select_${who}`, { for: "select", to, using });
}

type Verb = "select" | "insert" | "update" | "delete";

/** Policies of a job or function role: all rows of the table, for these verbs. Which columns is said by grants.sql. */
export function allRows(table: string, role: PgRole, ...verbs: Verb[]) {
  const who = role.name.replace(/^rehome_/, "");
  return verbs.map((verb) =>
    pgPolicy(`${table}_${verb}_${who}`, {
      for: verb,
      to: role,
      ...(verb === "insert" ? {} : { using: ANY_ROW }),
      ...(verb === "insert" || verb === "update" ? { withCheck: ANY_ROW } : {}),
    }),
  );
}

/** Policies of a job that makes and changes any row of the table, as long as the row then fulfils `check`. */
export function checkedWrites(table: string, role: PgRole, check: SQL) {
  const who = role.name.replace(/^rehome_/, "");
  return [
    pgPolicy(`${table}_insert_${who}`, { for: "insert", to: role, withCheck: check }),
    pgPolicy(`${table}_update_${who}`, { for: "update", to: role, using: ANY_ROW, withCheck: check }),
  ];
}

/** The row names a service together with that service's own expert and organization. */
export function ofService(columns: { serviceId: AnyColumn; orgId: AnyColumn; expertUserId?: AnyColumn }): SQL {
  const expert = columns.expertUserId && sql` and s.workos_user_id = ${columns.expertUserId}`;
  return sql`exists (select from public.services s where s.id = ${columns.serviceId} and s.org_id = ${columns.orgId}${expert ?? sql.raw("")})`;
}

/** The row names a meeting together with that meeting's own two organizations. */
export function ofMeeting(columns: { meetingId: AnyColumn; orgId: AnyColumn; patientOrgId: AnyColumn; expertUserId?: AnyColumn }): SQL {
  const expert = columns.expertUserId && sql` and m.expert_user_id = ${columns.expertUserId}`;
  return sql`exists (select from public.meetings m where m.id = ${columns.meetingId} and m.org_id = ${columns.orgId} and m.patient_org_id = ${columns.patientOrgId}${expert ?? sql.raw("")})`;
}

export function every(...conditions: (SQL | undefined)[]): SQL {
  return sql.join(
    conditions.filter((condition) => condition !== undefined),
    sql.raw(" and "),
  );
}
