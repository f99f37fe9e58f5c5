import type { Row, World } from "@rehome/tenancy";

/** Look-ups in the rows of the world. */
export function factsOf(world: World) {
  const rows = (table: string) => world.rows[table] ?? [];
  return {
    rows,
    find: (table: string, id: unknown): Row | undefined => rows(table).find((row) => row["id"] === id),
    isActiveMember: (orgId: unknown, userId: unknown): boolean =>
      rows("memberships").some((row) => row["org_id"] === orgId && row["workos_user_id"] === userId && row["status"] === "active"),
    /** Whether a meeting or a reservation names the service. */
    isUsed: (serviceId: unknown): boolean =>
      [...rows("meetings"), ...rows("slot_reservations")].some((row) => row["service_id"] === serviceId),
    isClaimed: (orgId: unknown): boolean | undefined =>
      rows("organizations").find((row) => row["id"] === orgId)?.["claimed"] as boolean | undefined,
  };
}
