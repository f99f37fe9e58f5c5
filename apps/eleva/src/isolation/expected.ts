import type { Snapshot, SnapshotRow } from "./snapshot.ts";

/** Somebody who asks. A suspended or removed member, an expired token and a stranger are members who have no active membership. */
export type Who = { kind: "member"; userId: string; orgId: string | null } | { kind: "anonymous" };

/** Tables that docs/who-sees-what.md shows to nobody, and to everybody: these cannot both show and hide a row. */
export const SEEN_BY_NOBODY: ReadonlySet<string> = new Set(["guests", "stripe_processed_events"]);
export const SEEN_BY_ALL: ReadonlySet<string> = new Set(["categories"]);

export type Sees = (row: Readonly<Record<string, unknown>>) => boolean;

/**
 * Which rows somebody must see, by docs/who-sees-what.md and by nothing else: it reads no policy, no grant and no function of the database.
 *
 * @returns by relation of schema public, the keys of the rows; a relation that the document does not name is seen by nobody
 */
export function expectedVisible(snapshot: Snapshot, who: Who): Record<string, Set<string>> {
  const rules = readRules(snapshot, who);
  const visible: Record<string, Set<string>> = {};
  for (const { name } of snapshot.relations) {
    const rule = rules[name];
    visible[name] = new Set(rule ? (snapshot.rows[name] ?? []).filter(rule).map((row) => row.key) : []);
  }
  visible["meeting_receipts"] = receipts(snapshot, who);
  return visible;
}

/** The column "who reads" of docs/who-sees-what.md for somebody, by table; a table that is not named is seen by nobody. */
export function readRules(snapshot: Pick<Snapshot, "rows" | "now">, who: Who): Record<string, Sees> {
  const rows = (table: string) => snapshot.rows[table] ?? [];
  const everyone: Sees = () => true;

  // Whoever has shown themselves in one organization has not in another.
  const inOrganization = (row: Readonly<Record<string, unknown>>) => `${row["org_id"]} ${row["workos_user_id"]}`;
  const publishedExperts = new Set(
    rows("profiles")
      .filter((row) => row["published"] === true)
      .map(inOrganization),
  );
  const offered: Sees = (row) => row["is_active"] === true && publishedExperts.has(inOrganization(row));
  const publicRules: Record<string, Sees> = {
    categories: everyone,
    profiles: (row) => row["published"] === true,
    services: offered,
    session_packs: offered,
  };

  const me = activeMember(snapshot, who);
  if (!me) return { ...publicRules, profile_standing: ofVisibleProfile(rows("profiles"), publicRules["profiles"] ?? everyone) };

  const self: Sees = (row) => row["workos_user_id"] === me.userId;
  const ownOrganization: Sees = (row) => row["org_id"] === me.orgId;
  const either = (...rules: Sees[]): Sees => {
    return (row) => rules.some((rule) => rule(row));
  };
  const patients: Sees = (row) => row["patient_org_id"] === me.orgId;
  const nothing: Sees = () => false;
  const permitted = (permission: string, rule: Sees): Sees => (me.may(permission) ? rule : nothing);
  const buyers: Sees = (row) => row["buyer_org_id"] === me.orgId;
  const sharedWithMe = new Set(
    rows("record_shares")
      .filter((share) => share["grantee_user_id"] === me.userId && (share["expires_at"] as Date) > snapshot.now)
      .map((share) => share["record_id"]),
  );
  const profiles = either(publicRules["profiles"] ?? everyone, permitted("profile:read", ownOrganization));

  return {
    ...publicRules,
    organizations: (row) => row["id"] === me.orgId,
    memberships: self,
    invitations: permitted("members:read", ownOrganization),
    users: self,
    user_emails: self,
    platform_roles: self,
    billing_accounts: self,
    payout_accounts: self,
    identity_verifications: self,
    expert_setup: self,
    profiles,
    profile_standing: ofVisibleProfile(rows("profiles"), profiles),
    services: either(offered, permitted("services:read", ownOrganization)),
    service_stripe: permitted("billing:read", ownOrganization),
    schedules: permitted("schedule:read", ownOrganization),
    schedule_availabilities: permitted("schedule:read", ownOrganization),
    scheduling_settings: permitted("schedule:read", ownOrganization),
    blocked_dates: permitted("schedule:read", ownOrganization),
    meetings: permitted("meetings:read", either(ownOrganization, patients)),
    meeting_payments: permitted("billing:read", ownOrganization),
    payment_transfers: permitted("billing:read", ownOrganization),
    records: either(
      (row) => row["expert_user_id"] === me.userId && row["org_id"] === me.orgId,
      patients,
      (row) => sharedWithMe.has(row["id"]),
    ),
    record_shares: either(ownOrganization, (row) => row["grantee_user_id"] === me.userId),
    slot_reservations: permitted("meetings:read", either(ownOrganization, patients)),
    session_packs: either(offered, permitted("packs:read", ownOrganization)),
    session_pack_stripe: permitted("billing:read", ownOrganization),
    pack_purchases: permitted("billing:read", either(ownOrganization, buyers)),
  };
}

/** An identity that counts. */
export interface Member {
  userId: string;
  orgId: string;
  /** Whether the membership holds a permission, by name or by a wildcard (`*`, `meetings:*`); docs/organizations.md. */
  may(permission: string): boolean;
}

/** The identity that counts: none without an active membership in the organization the token names. */
export function activeMember(snapshot: Pick<Snapshot, "rows">, who: Who): Member | undefined {
  if (who.kind === "anonymous" || who.orgId === null) return undefined;
  const { userId, orgId } = who;
  const active = (snapshot.rows["memberships"] ?? []).find(
    (row) => row["workos_user_id"] === userId && row["org_id"] === orgId && row["status"] === "active",
  );
  if (!active) return undefined;
  const held = (active["permissions"] ?? []) as string[];
  const may = (permission: string) =>
    held.some((one) => one === "*" || one === permission || (one.endsWith(":*") && permission.startsWith(one.slice(0, -1))));
  return { userId, orgId, may };
}

function ofVisibleProfile(profiles: readonly SnapshotRow[], sees: Sees): Sees {
  const visible = new Set(profiles.filter(sees).map((row) => row["id"]));
  return (row) => visible.has(row["profile_id"]);
}

/** The view shows the patient's organization one line a payment, keyed by its meeting. */
function receipts(snapshot: Snapshot, who: Who): Set<string> {
  const me = activeMember(snapshot, who);
  const payments = me ? (snapshot.rows["meeting_payments"] ?? []).filter((row) => row["patient_org_id"] === me.orgId) : [];
  return new Set(payments.map((row) => String(row["meeting_id"])));
}
