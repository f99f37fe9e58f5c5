import type { OrganizationsDatabase } from "./database.ts";

/** One organization with its members, written as the mover writes: before anything was synced. */
export interface Place {
  id: string;
  type: string;
  tier?: string;
  members: Record<string, string | { role: string; status: string }>;
}

/** Puts organizations, persons and memberships in as they are after a move. A member's personal organization is the first that names them. */
export async function settle(database: OrganizationsDatabase, ...places: Place[]): Promise<void> {
  for (const { id, type, tier = type === "clinic" ? "clinic" : "free", members } of places) {
    await database.owner.query("insert into organizations (id, type, tier, name, slug) values ($1, $2, $3, 'Name of ' || $1, $1)", [
      id,
      type,
      tier,
    ]);
    for (const [user, member] of Object.entries(members)) {
      const { role, status } = typeof member === "string" ? { role: member, status: "active" } : member;
      await database.owner.query(
        `insert into users (org_id, workos_user_id, email, email_verified) values ($1, $2::text, $2 || '@example.com', true) on conflict do nothing`,
        [id, user],
      );
      await database.owner.query(
        `insert into memberships (org_id, workos_user_id, id, role_slug, permissions, status) values ($1, $2, 'om_' || $1 || $2, $3::text, tenancy.permissions_of($1, array[$3]), $4)`,
        [id, user, role, status],
      );
    }
  }
}

/** Empties everything but the declaration. */
export async function empty(database: OrganizationsDatabase): Promise<void> {
  await database.owner.query(
    `update tenancy.lock set compared = null;
     truncate tenancy.object, tenancy.cursor, tenancy.outbox, tenancy.owner, tenancy.transfer, tenancy.departure, tenancy.deletion, tenancy.erased_address, tenancy.archive, auth.revoked_session, record_shares, records, profiles,
       meetings, services, visits, guests, invitations, memberships, users, organizations`,
  );
}
