import { type Check, installCall, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

interface Facts {
  refused: boolean;
  droppable: string[];
  others: string[];
  /** Quoted, as the lists above. */
  logins: string[];
  prepared: number;
}

/** Commands that ask for no ownership, or only after they have locked: DROP OWNED, CREATE RULE and their kin. */
export async function checkUtility(patient: Patient): Promise<Check[]> {
  const { guardSchema, roles } = patient.options;
  const [facts] = await read<Facts>(patient, "utility", [roles.application, roles.login]);
  if (!facts) return [];
  const names = facts.droppable.join(", ");
  const install = `as a superuser, ${installCall({ schema: guardSchema, mirror: patient.mirror })}`;
  return [
    facts.droppable.length === 0
      ? ok("drop owned", "no role of the product can drop policies")
      : {
          name: "drop owned",
          state: "bad",
          found: `DROP OWNED would take the policies of ${names}`,
          mend: `revoke all on ${guardSchema}.drop_owned_stop from public, ${names}; grant select (held) on ${guardSchema}.drop_owned_stop to ${names}`,
        },
    facts.refused
      ? ok("utility commands", "refused to the logins of the product before they lock anything")
      : {
          name: "utility commands",
          state: "warn",
          found: "SQL of the product can lock any table (CREATE RULE) for as long as it likes",
          mend: install,
        },
    otherDatabases(facts),
    facts.prepared === 0
      ? ok("prepared transactions", "none can be made")
      : {
          name: "prepared transactions",
          state: "warn",
          found: `${facts.prepared} can be made: their locks outlive the session`,
          mend: "alter system set max_prepared_transactions = 0, and restart the server",
        },
  ];
}

function otherDatabases({ others, logins }: Facts): Check {
  const name = "other databases";
  if (others.length === 0) return ok(name, "the logins of the product enter this one only");
  const some = others.slice(0, 5);
  return {
    name,
    state: "warn",
    found: `the logins of the product may enter ${some.join(", ")}${others.length > some.length ? ` and ${others.length - some.length} more` : ""}, where nothing keeps them from locking the server's catalogs`,
    mend: `revoke connect on database ${others.join(", ")} from ${["public", ...logins].join(", ")}`,
  };
}
