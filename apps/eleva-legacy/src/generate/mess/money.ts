import type { Row } from "../../world.ts";
import { textOf } from "../../world.ts";
import { countBy, type Finished, type Make, type MessKind } from "./kind.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Kinds that show in payments, transfers and the audit database. */
export const MONEY_MESS: readonly MessKind[] = [
  {
    kind: "amount minus fee differs from the transfer",
    rate: 0.006,
    make: ({ draft, take }, count) => {
      for (const row of take(draft.tables.meetings, count, (one) => one["stripeTransferAmount"] !== null)) {
        row["stripeTransferAmount"] = (row["stripeTransferAmount"] as number) - 250;
      }
    },
    find: ({ tables }) => tables.meetings.filter((row) => lost(row) > 1).length,
  },
  { kind: "a cent lost by two floors", rate: 0.02, find: ({ tables }) => tables.meetings.filter((row) => lost(row) === 1).length },
  {
    kind: "transfer whose service id is no uuid",
    rate: 0.006,
    make: ({ draft, take, random }, count) => {
      for (const row of take(draft.tables.payment_transfers, count)) row["event_id"] = random.pick(["unknown", "", "evt-legacy-17"]);
    },
    find: ({ tables }) => tables.payment_transfers.filter((row) => !UUID.test(textOf(row, "event_id"))).length,
  },
  {
    kind: "transfer without a count of retries",
    rate: 0.006,
    make: nullIn("retry_count"),
    find: ({ tables }) => countNull(tables.payment_transfers, "retry_count"),
  },
  {
    kind: "transfer without a word on approval",
    rate: 0.006,
    make: nullIn("requires_approval"),
    find: ({ tables }) => countNull(tables.payment_transfers, "requires_approval"),
  },
  { kind: "transfer without a meeting", rate: 0.01, find: transfersAlone },
  {
    kind: "transfer approved by one who does not move",
    rate: 0.003,
    make: ({ draft, take, random }, count) => {
      const staying = draft.people.filter(({ clerk }) => clerk.banned || clerk.deletedInApi).map(({ clerk }) => clerk.id);
      const approvers = [...staying.slice(0, 1), ...draft.goneIds.slice(0, 1)];
      if (approvers.length === 0) return;
      for (const [index, row] of take(draft.tables.payment_transfers, count + 1).entries()) {
        row["admin_user_id"] = approvers[index % approvers.length] ?? random.pick(approvers);
        row["requires_approval"] = true;
      }
    },
    find: ({ clerkUsers, tables }) => {
      const moving = new Set(clerkUsers.filter((user) => !user.banned && !user.deletedInApi).map((user) => user.id));
      return tables.payment_transfers.filter((row) => row["admin_user_id"] !== null && !moving.has(row["admin_user_id"] as string)).length;
    },
  },
  { kind: "purchase without its expert", rate: 0, find: ({ tables }) => countNull(tables.pack_purchases, "expert_clerk_user_id") },
  {
    kind: "purchase of another expert's pack",
    rate: 0,
    make: ({ draft, take, random }, count) => {
      const others = draft.experts.filter((expert) => !expert.moves);
      if (others.length === 0) return;
      for (const row of take(draft.tables.pack_purchases, count, (one) => one["expert_clerk_user_id"] !== null))
        row["expert_clerk_user_id"] = random.pick(others).id;
    },
    find: ({ tables }) => {
      const owner = new Map(tables.session_packs.map((pack) => [pack["id"], pack["clerk_user_id"]]));
      return tables.pack_purchases.filter(
        (row) => row["expert_clerk_user_id"] !== null && owner.get(row["pack_id"] as string) !== row["expert_clerk_user_id"],
      ).length;
    },
  },
  {
    kind: "audit row by an unknown actor",
    rate: 0.02,
    find: ({ auditLogs }) => auditLogs.filter((row) => row["clerkUserId"] === "unknown").length,
  },
  {
    kind: "audit row with a list of addresses",
    rate: 0.02,
    find: ({ auditLogs }) => auditLogs.filter((row) => String(row["ip_address"]).includes(",")).length,
  },
];

function lost(row: Row): number {
  if (row["stripeTransferAmount"] === null) return 0;
  return (row["stripeAmount"] as number) - (row["stripeApplicationFeeAmount"] as number) - (row["stripeTransferAmount"] as number);
}

function nullIn(column: string): Make {
  return ({ draft, take }, count) => {
    for (const row of take(draft.tables.payment_transfers, count)) row[column] = null;
  };
}

function countNull(rows: readonly Row[], column: string): number {
  return rows.filter((row) => row[column] === null).length;
}

function transfersAlone({ tables }: Finished): number {
  const intents = countBy(tables.meetings, (row) => String(row["stripePaymentIntentId"]));
  return tables.payment_transfers.filter((row) => !intents.has(textOf(row, "payment_intent_id"))).length;
}
