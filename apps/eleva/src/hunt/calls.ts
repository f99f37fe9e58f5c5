import type { Call, Persona, Row, World } from "@rehome/tenancy";
import { activeMember, type Member } from "../isolation/expected.ts";
import type { SnapshotRow } from "../isolation/snapshot.ts";
import { factsOf } from "./facts.ts";
import { identityOf, whoIs } from "./who.ts";

const REFUSED = "42501";
const FROM = "2026-03-01T00:00:00.000Z";
const TO = "2026-03-20T00:00:00.000Z";

/** The view and the definer functions that people and the booking job can reach, and what each must answer. */
export function calls(world: World, persona: Persona): Call[] {
  if (persona.kind === "internal") return [];
  const me = activeMember({ rows: world.rows as Record<string, SnapshotRow[]> }, whoIs(persona));
  // A function asks for the identity, whatever the role.
  const asking = activeMember({ rows: world.rows as Record<string, SnapshotRow[]> }, identityOf(persona));
  const { rows, find, isUsed, isActiveMember } = factsOf(world);
  const people = persona.role === "authenticated";
  const everywhere = people || persona.role === "anonymous" || persona.role === "rehome_job_booking";
  const list = (table: string, column: string) => rows(table).map((row) => String(row[column]));
  const array = (values: readonly string[], type: string) => `array[${values.map((value) => `'${value}'`).join(", ")}]::${type}[]`;
  const answers = (values: readonly string[], may: (value: string) => boolean): Row[] =>
    values.map((value) => ({ v: value, may: may(value) }));

  const receipts = rows("meeting_payments").filter((row) => me && row["patient_org_id"] === me.orgId);
  const users = [...new Set(list("users", "workos_user_id"))];
  const services = list("services", "id");
  const records = list("records", "id");
  const experts = [...new Set(list("services", "workos_user_id"))];
  return [
    ...(people || persona.role === "anonymous" ? [identityCall(world, asking)] : []),
    ...organizationCalls(world, persona, me),
    {
      object: "meeting_receipts",
      sql: "select * from public.meeting_receipts",
      expect: !people ? REFUSED : receipts.map((row) => receiptOf(row, find)),
    },
    {
      object: "is_own_member",
      sql: `select v, public.is_own_member(v) as may from unnest(${array(users, "text")}) v`,
      expect: !people ? REFUSED : answers(users, (user) => me !== undefined && isActiveMember(me.orgId, user)),
    },
    {
      object: "service_is_unused",
      sql: `select v, public.service_is_unused(v) as may from unnest(${array(services, "uuid")}) v`,
      expect: !people
        ? REFUSED
        : answers(services, (id) => me !== undefined && find("services", id)?.["org_id"] === me.orgId && !isUsed(id)),
    },
    {
      object: "may_share_record",
      sql: `select v, public.may_share_record(v) as may from unnest(${array(records, "uuid")}) v`,
      expect: !people ? REFUSED : answers(records, (id) => me !== undefined && find("records", id)?.["patient_org_id"] === me.orgId),
    },
    ...experts.map((expert): Call => {
      const profile = rows("profiles").find((row) => row["workos_user_id"] === expert);
      const known =
        profile && (profile["published"] === true || (asking && (profile["org_id"] === asking.orgId || expert === asking.userId)));
      return {
        object: "busy_intervals",
        sql: `select * from public.busy_intervals('${expert}', '${FROM}', '${TO}')`,
        expect: !everywhere ? REFUSED : known ? busy(world, expert, profile["org_id"]) : [{ starts_at: FROM, ends_at: TO }],
      };
    }),
  ];
}

const OWN_SCHEDULE = ["expert_individual", "clinic"]; // who has the feature `calendar` on every tier; docs/organizations.md
const JOBS_OF_ORGANIZATIONS = ["rehome_job_sync", "rehome_job_claim", "rehome_job_deletion"];

/** The functions of schema tenancy: people ask of themselves, three jobs of any organization. */
function organizationCalls(world: World, persona: Persona, me: { userId: string; orgId: string } | undefined): Call[] {
  const { rows, find } = factsOf(world);
  const people = persona.role === "authenticated";
  const has = (org: unknown) => OWN_SCHEDULE.includes(String(find("organizations", org)?.["type"]));
  const mine = rows("memberships").filter((row) => me && row["workos_user_id"] === me.userId);
  const orgs = rows("organizations").map((row) => String(row["id"]));
  const ofEach = (call: string, may: (org: string) => boolean): Pick<Call, "sql" | "expect"> => ({
    sql: `select v, ${call} as may from unnest(array[${orgs.map((org) => `'${org}'`).join(", ")}]) v`,
    expect: orgs.map((org): Row => ({ v: org, may: may(org) })),
  });
  return [
    {
      object: "has_feature",
      sql: "select tenancy.has_feature('calendar') as may",
      expect: !people ? REFUSED : [{ may: me !== undefined && has(me.orgId) }],
    },
    {
      object: "has_feature",
      ...ofEach("tenancy.has_feature(v, 'calendar')", has),
      ...(JOBS_OF_ORGANIZATIONS.includes(persona.role) ? {} : { expect: REFUSED }),
    },
    {
      object: "may_switch_to",
      ...ofEach("tenancy.may_switch_to(v)", (org) => mine.some((row) => row["org_id"] === org && row["status"] === "active")),
      ...(people ? {} : { expect: REFUSED }),
    },
    {
      object: "my_organizations",
      sql: "select * from tenancy.my_organizations()",
      expect: !people
        ? REFUSED
        : mine.map((row): Row => {
            const org = find("organizations", row["org_id"]);
            return {
              org_id: row["org_id"],
              name: org?.["name"],
              slug: org?.["slug"],
              type: org?.["type"],
              tier: org?.["tier"],
              role: row["role_slug"],
              status: row["status"],
              is_current: row["org_id"] === me?.orgId,
            };
          }),
    },
    {
      object: "revoke_session",
      sql: "select tenancy.revoke_session('session_of_nobody')::text as done",
      expect: persona.role === "rehome_job_sync" ? [{ done: "" }] : REFUSED,
    },
    // Of erased addresses the sync job learns whether one that it has is among them, by a keyed hash; here none is remembered.
    {
      object: "is_erased",
      sql: "select tenancy.is_erased('eva@example.test', now()) as may",
      expect: persona.role === "rehome_job_sync" ? [{ may: false }] : REFUSED,
    },
    {
      object: "remember_erased",
      sql: "select tenancy.remember_erased('{}')::text as done",
      expect: persona.role === "rehome_job_sync" ? [{ done: "" }] : REFUSED,
    },
    {
      object: "is_known_organization",
      ...ofEach("tenancy.is_known_organization(v)", () => true),
      ...(persona.role === "rehome_job_deletion" ? {} : { expect: REFUSED }),
    },
  ];
}

/** What the guard says of whoever asks: everything of the active membership, and nothing without one. */
function identityCall(world: World, me: Member | undefined): Call {
  const active = factsOf(world)
    .rows("memberships")
    .filter((row) => me && row["workos_user_id"] === me.userId && row["status"] === "active");
  const membership = active.find((row) => row["org_id"] === me?.orgId);
  const permissions = (membership?.["permissions"] ?? []) as string[];
  const role = membership?.["role_slug"] ?? null;
  return {
    object: "auth",
    sql: `select auth.user_id() as "user", auth.org_id() as org, auth.role() as role, array(select unnest(auth.permissions()) order by 1) as permissions,
      array(select unnest(auth.org_ids()) order by 1) as orgs, auth.has_permission('meetings:write') as may, auth.session() ->> 'org_id' as session_org,
      auth.session() ->> 'role' as session_role`,
    expect: [
      {
        user: me?.userId ?? null,
        org: me?.orgId ?? null,
        role,
        permissions: [...permissions].sort(),
        orgs: active.map((row) => row["org_id"]).sort(),
        may: me?.may("meetings:write") ?? false,
        session_org: me?.orgId ?? null,
        session_role: role,
      },
    ],
  };
}

function receiptOf(payment: Row, find: (table: string, id: unknown) => Row | undefined): Row {
  const service = find("services", find("meetings", payment["meeting_id"])?.["service_id"]);
  return {
    meeting_id: payment["meeting_id"],
    amount: payment["stripe_amount"],
    currency: service?.["currency"],
    state: payment["stripe_payment_status"],
  };
}

/**
 * Meetings, open reservations and blocked days of an expert in the organization of the profile, between FROM and TO, merged. Days are UTC's: the
 * world's zones are at that offset then.
 */
function busy(world: World, expert: string, org: unknown): Row[] {
  const rows = (table: string) =>
    factsOf(world)
      .rows(table)
      .filter((row) => row["org_id"] === org);
  const at = (value: unknown) => Date.parse(String(value));
  const spans = [
    ...rows("meetings").filter((row) => row["expert_user_id"] === expert),
    ...rows("slot_reservations").filter((row) => row["expert_user_id"] === expert && at(row["expires_at"]) > world.now.getTime()),
  ].map((row) => [at(row["starts_at"]), at(row["ends_at"])].sort((a, b) => a - b) as [number, number]);
  for (const row of rows("blocked_dates").filter((one) => one["workos_user_id"] === expert)) {
    const day = at(`${String(row["date"])}T00:00:00Z`);
    spans.push([day, day + 86_400_000]);
  }
  const merged: [number, number][] = [];
  for (const [start, end] of spans.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  const clipped = merged.map(([start, end]) => [Math.max(start, Date.parse(FROM)), Math.min(end, Date.parse(TO))] as const);
  return clipped
    .filter(([start, end]) => start < end)
    .map(([start, end]) => ({ starts_at: new Date(start).toISOString(), ends_at: new Date(end).toISOString() }));
}
