import type { Oracle, Persona, Row, TableRule, World } from "@rehome/tenancy";
import { CONFIDENTIAL } from "../isolation/confidential.ts";
import { activeMember, type Member, readRules } from "../isolation/expected.ts";
import type { Snapshot, SnapshotRow } from "../isolation/snapshot.ts";
import { calls } from "./calls.ts";
import { factsOf } from "./facts.ts";
import { internalRules } from "./internal.ts";
import { jobRules } from "./jobs.ts";
import { whoIs } from "./who.ts";

/** What docs/who-sees-what.md allows: reads, writes, columns, views and functions. It reads nothing of the database but its rows. */
export const allowed: Oracle = {
  rules(world, persona) {
    if (persona.kind === "job") return jobRules(world, persona.role.replace(/^rehome_job_/, ""));
    // It has the rights and policies of people, and no identity where no function of its own is called by one.
    if (persona.role === "rehome_fn_confidential") return functionRules(world, persona);
    if (persona.kind === "internal") return internalRules(persona.role);
    return personRules(world, persona);
  },
  calls,
};

/** Without the agreement: its IP address is personal. */
const STANDING = ["profile_id", "org_id", "is_verified", "is_top_expert", "display_order"];

function personRules(world: World, persona: Persona): Record<string, TableRule> {
  const snapshot = snapshotOf(world);
  const who = whoIs(persona);
  const reads = readRules(snapshot, who);
  const rules: Record<string, TableRule> = {};
  for (const [table, rows] of Object.entries(reads)) rules[table] = { read: { rows, ...openColumns(world, table) } };
  const me = activeMember(snapshot, who);
  // Without an identity that counts the rights are those of the role; the rows are none.
  if (persona.role !== "authenticated") return rules;
  const reading = readableTables(world);
  for (const table of reading) rules[table] ??= { read: { rows: () => false, ...openColumns(world, table) } };
  for (const table of Object.keys(CONFIDENTIAL))
    rules[table] = { ...rules[table], whole: { rows: me ? (reads[table] ?? nobodys) : nobodys } };
  for (const [table, write] of Object.entries(writeRules(world, me))) rules[table] = { ...rules[table], ...write };
  return rules;
}

const nobodys = () => false;

/** Grants are by columns where some are confidential. */
function openColumns(world: World, table: string): { columns?: readonly string[] } {
  if (table === "profile_standing") return { columns: STANDING };
  const closed = CONFIDENTIAL[table];
  return closed ? { columns: (world.tables[table]?.columns ?? []).map(({ name }) => name).filter((name) => !closed.includes(name)) } : {};
}

function functionRules(world: World, persona: Persona): Record<string, TableRule> {
  const rules = personRules(world, { ...persona, role: "authenticated" });
  const whole = Object.keys(CONFIDENTIAL).map((table): [string, TableRule] => {
    const { read, ...rest } = rules[table] ?? {};
    return [table, { ...rest, ...(read ? { read: { rows: read.rows } } : {}) }];
  });
  return { ...rules, ...Object.fromEntries(whole) };
}

const NOT_FOR_PEOPLE = ["guests", "stripe_processed_events"];

const readableTables = (world: World) => Object.keys(world.tables).filter((name) => KNOWN.has(name) && !NOT_FOR_PEOPLE.includes(name));

/** The tables of the document. One that is not among them is closed to everybody. */
const KNOWN = new Set(
  `billing_accounts blocked_dates categories expert_setup guests identity_verifications invitations meeting_payments meetings memberships organizations
   pack_purchases payment_transfers payout_accounts platform_roles profile_standing profiles record_shares records schedule_availabilities
   schedules scheduling_settings service_stripe services session_pack_stripe session_packs slot_reservations stripe_processed_events
   user_emails users`.split(/\s+/),
);

/** The column "who writes". Of identity (id, organization, person, parent) nothing is granted for update once a row is made. */
function writeRules(world: World, me: Member | undefined): Record<string, Omit<TableRule, "read">> {
  const { isActiveMember, find, isUsed } = factsOf(world);
  const own = (row: Row) => me !== undefined && row["org_id"] === me.orgId;
  const self = (row: Row) => me !== undefined && row["workos_user_id"] === me.userId;
  const permitted = (permission: string) => (row: Row) => me?.may(permission) === true && own(row);
  const [profile, schedule, services, packs] = ["profile:write", "schedule:write", "services:write", "packs:write"].map(permitted) as [
    Writes,
    Writes,
    Writes,
    Writes,
  ];
  const forSelf = (writes: Writes) => (row: Row) => writes(row) && self(row);
  const forMember = (writes: Writes) => (row: Row) => writes(row) && isActiveMember(row["org_id"], row["workos_user_id"]);
  const writer = (row: Row) => own(row) && row["expert_user_id"] === me?.userId;
  const sameOrg = (row: Row, parent: Row | undefined) => parent !== undefined && parent["org_id"] === row["org_id"];
  const ofSchedule = (row: Row) => schedule(row) && sameOrg(row, find("schedules", row["schedule_id"]));
  return {
    users: { update: { rows: self, columns: ["first_name", "last_name", "image_url", "country", "security_preferences", "updated_at"] } },
    profiles: {
      insert: { rows: forSelf(profile) },
      update: {
        rows: profile,
        columns: `profile_picture first_name last_name headline short_bio long_bio primary_category_id secondary_category_id social_links
          published updated_at`.split(/\s+/),
      },
    },
    services: {
      insert: { rows: forMember(services) },
      update: {
        rows: services,
        columns: "name slug description duration_minutes is_active display_order price_cents currency updated_at".split(" "),
      },
      delete: { rows: (row) => services(row) && !isUsed(row["id"]) },
    },
    schedules: {
      insert: { rows: forSelf(schedule) },
      update: { rows: schedule, columns: ["timezone", "updated_at"] },
      delete: { rows: schedule },
    },
    schedule_availabilities: {
      insert: { rows: ofSchedule },
      update: { rows: schedule, to: ofSchedule, columns: ["schedule_id", "start_time", "end_time", "day_of_week"] },
      delete: { rows: schedule },
    },
    scheduling_settings: {
      insert: { rows: forSelf(schedule) },
      update: {
        rows: schedule,
        columns: "before_event_buffer after_event_buffer minimum_notice time_slot_interval booking_window_days updated_at".split(" "),
      },
      delete: { rows: schedule },
    },
    blocked_dates: {
      insert: { rows: forSelf(schedule) },
      update: { rows: schedule, columns: ["date", "timezone", "reason", "updated_at"] },
      delete: { rows: schedule },
    },
    session_packs: {
      insert: { rows: (row) => forMember(packs)(row) && sameOrg(row, find("services", row["service_id"])) },
      update: {
        rows: packs,
        columns: "name description sessions_count price_cents currency is_active expiration_days updated_at".split(" "),
      },
      delete: { rows: packs },
    },
    meetings: {
      update: {
        rows: permitted("meetings:write"),
        columns: `guest_name guest_phone guest_notes starts_at ends_at timezone meeting_url calendar_creation_claimed updated_at`.split(
          " ",
        ),
      },
    },
    records: {
      insert: {
        rows: (row) => {
          const meeting = find("meetings", row["meeting_id"]);
          const same = ["org_id", "patient_org_id", "expert_user_id"].every((column) => meeting?.[column] === row[column]);
          return writer(row) && meeting !== undefined && same;
        },
      },
      update: { rows: writer, columns: ["encrypted_content", "encrypted_metadata", "version", "last_modified_at"] },
    },
    record_shares: {
      insert: { rows: (row) => own(row) && find("records", row["record_id"])?.["patient_org_id"] === me?.orgId },
      update: { rows: own, columns: ["expires_at"] },
      delete: { rows: own },
    },
  };
}

type Writes = (row: Row) => boolean;

const snapshots = new WeakMap<World, Pick<Snapshot, "rows" | "now">>();

/** The world as the isolation oracle takes it: moments as dates. */
function snapshotOf(world: World): Pick<Snapshot, "rows" | "now"> {
  const known = snapshots.get(world);
  if (known) return known;
  const rows = Object.fromEntries(
    Object.entries(world.rows).map(([table, found]): [string, SnapshotRow[]] => [
      table,
      found.map((row) => ({
        ...row,
        key: "",
        open: null,
        whole: null,
        ...(row["expires_at"] ? { expires_at: new Date(String(row["expires_at"])) } : {}),
      })),
    ]),
  );
  const snapshot = { rows, now: world.now };
  snapshots.set(world, snapshot);
  return snapshot;
}
