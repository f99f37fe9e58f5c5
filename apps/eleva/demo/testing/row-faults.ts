import type pg from "pg";
import { changeRow, deleteRows, type Fault, swapRows } from "./moved.ts";

/** Each on a table of its own, so that all can be planted at once and each is named by its table. */
export const rowFaults: Fault[] = [
  {
    what: "one value",
    plant: ({ target }) => changeRow(target, "session_packs", "true", { name: "name || 'x'" }),
    named: /^session_packs: content differ /,
  },
  {
    what: "one row is missing",
    plant: ({ target }) => deleteRows(target, "slot_reservations", "id = (select id from slot_reservations order by id limit 1)"),
    named: /^slot_reservations: rows differ /,
  },
  {
    what: "two rows with each other's owner",
    plant: async ({ target }) => {
      const { rows } = await target.query<{ id: string }>(
        "select distinct on (expert_user_id) id::text from payment_transfers order by expert_user_id, id limit 2",
      );
      const pair = [rows[0]?.id ?? "", rows[1]?.id ?? ""] as const;
      return swapRows(target, "payment_transfers", "id", ["expert_user_id", "org_id"], pair);
    },
    named: /^payment_transfers: content differ /,
  },
  {
    what: "one row too many",
    plant: async ({ target }) => {
      await target.query("insert into stripe_processed_events (event_id, event_type) values ('evt_of_nobody', 'charge.refunded')");
      return () => target.query("delete from stripe_processed_events where event_id = 'evt_of_nobody'");
    },
    named: /^stripe_processed_events: rows differ /,
  },
  {
    what: "a row that moved is listed as left behind",
    plant: ({ target }) =>
      listAsLeft(target, "scheduleAvailabilities", "(select min(id::text) from schedule_availabilities)", "owner_held"),
    named: /^scheduleAvailabilities: rows differ /,
  },
  {
    what: "a key is listed as left behind that legacy does not have",
    plant: ({ target }) => listAsLeft(target, "schedules", "gen_random_uuid()::text", "owner_held"),
    named: /^schedules: 1 listed as left behind are not in legacy$/,
  },
  {
    what: "a row stays behind without a reason",
    plant: ({ target }) => changeRow(target, "rehome.left_behind", "legacy_table = 'users'", { reason: "' '" }),
    named: /^users: 1 stay behind without a reason$/,
  },
  {
    what: "white space of a json value",
    plant: ({ target }) =>
      changeRow(target, "meeting_payments", "stripe_metadata is not null", { stripe_metadata: "(' ' || stripe_metadata::text)::json" }),
    named: /^meetings: content differ /,
  },
  {
    what: "the order of a json value's keys",
    plant: async ({ target }) => {
      const { rows } = await target.query<{ id: string; links: string }>(
        "select id::text, social_links::text as links from profiles where json_typeof(social_links) in ('object', 'array')",
      );
      const found = rows.map((row) => ({ ...row, turned: turned(row.links) })).find((row) => row.turned !== row.links);
      return changeRow(target, "profiles", `id = '${found?.id}'`, { social_links: `'${found?.turned.replaceAll("'", "''")}'` });
    },
    named: /^profiles: content differ /,
  },
  {
    what: "a cent more here and a cent less there: the sums are equal",
    plant: async ({ target }) => {
      const first = (direction: "asc" | "desc") => `id = (select id from services order by price_cents ${direction}, id limit 1)`;
      const more = await changeRow(target, "services", first("asc"), { price_cents: "price_cents + 1" });
      const less = await changeRow(target, "services", first("desc"), { price_cents: "price_cents - 1" });
      return async () => {
        await less();
        await more();
      };
    },
    named: "events: content differ (legacy another checksum, target another checksum)",
  },
  {
    what: "a cent",
    plant: ({ target }) => changeRow(target, "pack_purchases", "gross_amount is not null", { gross_amount: "gross_amount + 1" }),
    named: /^pack_purchases: .*money differ /,
  },
  {
    what: "a microsecond",
    plant: ({ target }) => changeRow(target, "scheduling_settings", "true", { created_at: "created_at + interval '1 microsecond'" }),
    named: /^scheduling_settings: content differ /,
  },
  {
    what: "an empty text for no text",
    plant: ({ target }) => changeRow(target, "blocked_dates", "reason is null", { reason: "''" }),
    named: /^blocked_dates: content differ /,
  },
];

async function listAsLeft(target: pg.Client, table: string, key: string, reason: string): Promise<() => Promise<unknown>> {
  const { rows } = await target.query<{ key: string }>(`insert into rehome.left_behind values ($1, ${key}, $2) returning key`, [
    table,
    reason,
  ]);
  return () => target.query("delete from rehome.left_behind where legacy_table = $1 and key = $2", [table, rows[0]?.key]);
}

/** The same json with the keys of its objects the other way round. */
function turned(json: string): string {
  return JSON.stringify(JSON.parse(json), (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).reverse()) : value,
  );
}
