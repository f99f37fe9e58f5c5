import { changeRow, deleteRows, type Fault } from "./moved.ts";

/** On what nothing is mapped back from, so that `rehome verify` does not see it. */
export const answerFaults: Fault[] = [
  {
    what: "a column that comes from Clerk",
    plant: ({ target, world }) => {
      const person = world.eleva.answers.persons[0]?.target.find((row) => row.table === "users");
      return changeRow(
        target,
        "users",
        `id in (select row_id from rehome.identity where legacy_user_id = '${world.eleva.answers.persons[0]?.clerkId}') or id::text = '${person?.row["id"]}'`,
        { last_name: "last_name || 'x'" },
      );
    },
    named: /: users\.last_name differs$/,
  },
  {
    what: "a role",
    plant: ({ target, people }) => changeRow(target, "memberships", `workos_user_id = '${people[0]?.user}'`, { role_slug: "'member'" }),
    named: /: memberships\.role_slug differs$/,
  },
  {
    what: "a row too few in a table that nothing is mapped back from",
    plant: ({ target }) => deleteRows(target, "platform_roles", "ctid = (select min(ctid) from platform_roles)"),
    named: /^platform_roles: \d+ rows, the answer file says \d+$/,
  },
];
