import { changeRow, type Fault } from "./moved.ts";

/** What a second run must not do. */
export const rerunFaults: Fault[] = [
  {
    what: "a value",
    plant: ({ target }) => changeRow(target, "services", "true", { name: "name || 'x'" }),
    named: "public.services changed",
  },
  {
    what: "an id",
    plant: ({ target }) => changeRow(target, "rehome.identity", "moved", { workos_membership_id: "'om_another'" }),
    named: "rehome.identity changed",
  },
  {
    what: "a table",
    plant: async ({ owner }) => {
      await owner.query("create table leftovers (id integer primary key); grant select on leftovers to rehome_mover");
      return () => owner.query("drop table leftovers");
    },
    named: "public.leftovers changed",
  },
];
