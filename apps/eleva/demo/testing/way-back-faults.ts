import { changeRow, deleteRows, type Fault } from "./moved.ts";

/** On legacy, after it came back. */
export const wayBackFaults: Fault[] = [
  {
    what: "one value",
    plant: ({ legacy }) => changeRow(legacy, `"events"`, "true", { name: "name || 'x'" }),
    named: "events: 1 rows differ or are missing, 0 too many",
  },
  {
    what: "a row is missing",
    plant: ({ legacy }) => deleteRows(legacy, "blocked_dates", "id = (select max(id) from blocked_dates)"),
    named: "blocked_dates: 1 rows differ or are missing, 0 too many",
  },
  {
    what: "a row too many",
    plant: async ({ legacy }) => {
      await legacy.query("insert into stripe_processed_events (event_id, event_type) values ('evt_of_nobody', 'charge.refunded')");
      return () => legacy.query("delete from stripe_processed_events where event_id = 'evt_of_nobody'");
    },
    named: "stripe_processed_events: 0 rows differ or are missing, 1 too many",
  },
  {
    what: "a sequence behind its keys",
    plant: async ({ legacy }) => {
      const { rows } = await legacy.query<{ last: string }>(
        "select pg_sequence_last_value(pg_get_serial_sequence('payment_transfers', 'id')) as last",
      );
      await legacy.query("select setval(pg_get_serial_sequence('payment_transfers', 'id'), 1)");
      return () => legacy.query("select setval(pg_get_serial_sequence('payment_transfers', 'id'), $1)", [rows[0]?.last]);
    },
    named: /^public\.payment_transfers_id_seq is behind its keys$/,
  },
  {
    what: "a table that the other one does not have",
    plant: async ({ legacy }) => {
      await legacy.query("create table leftovers (id integer primary key)");
      return () => legacy.query("drop table leftovers");
    },
    named: "leftovers cannot be compared",
  },
];
