import { changeRow, type Fault, type Moved } from "./moved.ts";

const NOBODY = "'org_of_nobody'";
const ANOTHER = (column: string) => `(select id from organizations where id <> ${column} order by id limit 1)`;

/** On organization columns, which nothing maps back: what refers to a row of the product would turn the proof of the rows red too. */
export const referenceFaults: Fault[] = [
  {
    what: "a reference to nothing, past triggers that were off",
    plant: async ({ owner, target }) => {
      const repair = await untriggered(owner, "schedules", () => changeRow(target, "schedules", "true", { org_id: NOBODY }));
      return () => untriggered(owner, "schedules", repair);
    },
    named: /^schedules\.\w+: 1 rows refer to nothing$/,
  },
  {
    what: "a reference to nothing whose constraint is gone",
    plant: async ({ owner, target }) => {
      const constraint = await foreignKey(owner, "services");
      await owner.query(`alter table services drop constraint ${constraint.name}`);
      const repair = await changeRow(target, "services", "true", { org_id: NOBODY });
      return async () => {
        await repair();
        await owner.query(`alter table services add constraint ${constraint.name} ${constraint.definition}`);
      };
    },
    named: /^services\.org_id: 1 rows refer to nothing$/,
  },
  {
    what: "a constraint that was never checked",
    plant: async ({ owner }) => {
      const { name, definition } = await foreignKey(owner, "session_packs");
      await owner.query(`alter table session_packs drop constraint ${name}, add constraint ${name} ${definition} not valid`);
      return () => owner.query(`alter table session_packs validate constraint ${name}`);
    },
    named: /^session_packs\.\w+ is not validated$/,
  },
  {
    what: "an organization that may be missing",
    plant: async ({ owner }) => {
      await owner.query("alter table blocked_dates alter column org_id drop not null");
      return () => owner.query("alter table blocked_dates alter column org_id set not null");
    },
    named: "blocked_dates.org_id may be null",
  },
  {
    what: "a table without an organization",
    plant: async ({ owner }) => {
      await owner.query("create table leftovers (id integer primary key)");
      await owner.query("grant select on leftovers to rehome_mover");
      return () => owner.query("drop table leftovers");
    },
    named: "leftovers has no column org_id",
  },
  {
    what: "a record in the organization of another patient",
    plant: ({ target }) => changeRow(target, "records", "true", { patient_org_id: ANOTHER("patient_org_id") }),
    named: "records.patient_org_id: 1 rows are in an organization that is not theirs",
  },
  {
    what: "a meeting in the organization of another expert",
    plant: ({ target }) => changeRow(target, "meetings", "true", { org_id: ANOTHER("org_id") }),
    named: "meetings.org_id: 1 rows are in an organization that is not theirs",
  },
  {
    what: "hours in another organization than their schedule",
    plant: ({ target }) => changeRow(target, "schedule_availabilities", "true", { org_id: ANOTHER("org_id") }),
    named: /^schedule_availabilities\.org_id: \d+ rows are in an organization that is not theirs$/,
  },
  {
    what: "a purchase in another organization than its pack",
    plant: ({ target }) => changeRow(target, "pack_purchases", "true", { org_id: ANOTHER("org_id") }),
    named: "pack_purchases.org_id: 1 rows are in an organization that is not theirs",
  },
];

/** Acts on a table while none of its triggers fires, the checks of its references among them. */
async function untriggered<T>(owner: Moved["owner"], table: string, act: () => Promise<T>): Promise<T> {
  await owner.query(`alter table ${table} disable trigger all`);
  try {
    return await act();
  } finally {
    await owner.query(`alter table ${table} enable trigger all`);
    for (const name of ["rehome_fence", "rehome_capture", "rehome_truncate"])
      await owner.query(`alter table ${table} enable always trigger ${name}`);
  }
}

async function foreignKey(owner: Moved["owner"], table: string): Promise<{ name: string; definition: string }> {
  const { rows } = await owner.query<{ name: string; definition: string }>(
    `select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
      where conrelid = to_regclass($1) and contype = 'f' and confrelid = 'organizations'::regclass
        and conkey = (select array[attnum] from pg_attribute where attrelid = to_regclass($1) and attname = 'org_id')`,
    [table],
  );
  if (!rows[0]) throw new Error(`${table} has no reference to organizations`);
  return rows[0];
}
