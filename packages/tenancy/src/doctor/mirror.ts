import { mirrorAccess } from "../install/mirror.ts";
import { quoteRelation } from "../install/sql-text.ts";
import { type Check, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

interface MirrorState {
  is_table: boolean;
  missing: string[];
  unreadable: string[];
  schema_open: boolean;
  policy: boolean;
  pair_unique: boolean;
  person_indexed: boolean;
}

/** Can the guard read the product's memberships, at the price of one look into an index? */
export async function checkMirror(patient: Patient): Promise<Check> {
  const { mirror } = patient;
  const name = "mirror";
  const relation = quoteRelation(mirror);
  const state = (await read<MirrorState>(patient, "mirror", [relation]))[0];
  if (!state)
    return {
      name,
      state: "bad",
      found: `there is no ${mirror}: nobody has an identity`,
      mend: "apply the product's migrations, then call installGuard",
    };
  if (state.missing.length > 0)
    return {
      name,
      state: "bad",
      found: `${mirror} has no ${state.missing.join(", ")}`,
      mend: `alter table ${relation} add column ${state.missing[0]} …`,
    };
  if (!state.schema_open || state.unreadable.length > 0 || !state.policy)
    return {
      name,
      state: "bad",
      found: `the guard may not read ${mirror}: nobody has an identity`,
      mend: mirrorAccess(mirror).replaceAll("\n", " "),
    };
  if (state.is_table && !state.pair_unique) {
    const mend = `alter table ${relation} add unique (org_id, workos_user_id)`;
    return {
      name,
      state: "warn",
      found: "no unique index over (org_id, workos_user_id): two rows may disagree, and each statement reads all",
      mend,
    };
  }
  if (state.is_table && !state.person_indexed) {
    return {
      name,
      state: "warn",
      found: "no index begins with workos_user_id: auth.org_ids() reads all",
      mend: `create index on ${relation} (workos_user_id)`,
    };
  }
  return ok(name, `${mirror} is readable and indexed`);
}
