import { mirrorAccess } from "../install/mirror.ts";
import { quoteRelation } from "../install/sql-text.ts";
import { type Check, mendBy, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

interface MirrorState {
  is_table: boolean;
  missing: string[];
  unreadable: string[];
  schema_open: boolean;
  policy: boolean;
  /** Restrictive policies that take rows from the guard. */
  hiding: string[];
  pair_unique: boolean;
  person_indexed: boolean;
}

const NAME = "mirror";

/** Can the guard read the product's memberships, at the price of one look into an index? */
export async function checkMirror(patient: Patient): Promise<Check> {
  const { mirror } = patient;
  const relation = quoteRelation(mirror);
  const state = (await read<MirrorState>(patient, "mirror", [relation]))[0];
  const bad = (found: string, mend: string): Check => ({ name: NAME, state: "bad", found, mend });
  if (!state) return bad(`there is no ${mirror}: nobody has an identity`, "apply the product's migrations, then call installGuard");
  if (state.missing.length > 0) return bad(`${mirror} has no ${state.missing.join(", ")}`, addColumns(relation, state));
  if (!state.schema_open || state.unreadable.length > 0 || !state.policy)
    return bad(`the guard may not read ${mirror}: nobody has an identity`, giveAccess(mirror, state));
  if (state.hiding.length > 0) {
    const drop = state.hiding.map((policy) => `drop policy ${policy} on ${relation}`);
    const found = `policy ${state.hiding.join(", ")} is restrictive, and hides memberships from the guard`;
    return bad(found, `${mendBy(drop)}; -- and make it again for the roles it is for, without rehome_guard`);
  }
  return checkIndexes(state, mirror);
}

/** Nobody has rows while the new columns are null: the sync fills them. */
function addColumns(relation: string, { missing, is_table }: MirrorState): string {
  if (!is_table) return `make ${relation} again with ${missing.join(", ")}, then call installGuard`;
  const columns = missing.map((column) => `add column ${column} ${column === "permissions" ? "text[]" : "text"}`);
  return mendBy([`alter table ${relation} ${columns.join(", ")}`, `grant select (${missing.join(", ")}) on ${relation} to rehome_guard`]);
}

/** All of it, whichever part is lost: the policy may be there and be another. A view has none. */
function giveAccess(mirror: string, { is_table }: MirrorState): string {
  const statements = mirrorAccess(mirror).split(";\n");
  if (!is_table) return mendBy(statements.filter((statement) => !statement.startsWith("create policy")));
  return mendBy([`drop policy if exists rehome_guard on ${quoteRelation(mirror)}`, ...statements]);
}

function checkIndexes({ is_table, pair_unique, person_indexed }: MirrorState, mirror: string): Check {
  const relation = quoteRelation(mirror);
  const warn = (found: string, mend: string): Check => ({ name: NAME, state: "warn", found, mend });
  if (is_table && !pair_unique) {
    const found = "no unique index over (org_id, workos_user_id): two rows may disagree, and each statement reads all";
    return warn(found, `alter table ${relation} add unique (org_id, workos_user_id)`);
  }
  if (is_table && !person_indexed)
    return warn("no index begins with workos_user_id: auth.org_ids() reads all", `create index on ${relation} (workos_user_id)`);
  return ok(NAME, `${mirror} is readable and indexed`);
}
