import { GUARD_VERSION } from "../install/guard.ts";
import { type Check, installCall, mendBy, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";
import { checkStructure } from "./structure.ts";

const NAME = "guard";

interface Presence {
  /** The table of versions. */
  versions: boolean;
  /** The tables that version 1 had already. */
  tables: boolean;
}

/** Is the guard there, is it the one this package speaks with, and all of it? */
export async function checkGuard(patient: Patient): Promise<Check[]> {
  const { guardSchema } = patient.options;
  const install = installCall({ schema: guardSchema, mirror: patient.mirror });
  const bad = (found: string, mend: string): Check[] => [{ name: NAME, state: "bad", found, mend }];
  const there = (await read<Presence>(patient, "presence", [guardSchema]))[0];
  if (!there?.versions && !there?.tables) return bad(`there is no guard in schema ${guardSchema}`, install);
  const version = there.versions ? (await read<{ version: number | null }>(patient, "version"))[0]?.version : undefined;
  // Installing now would begin with version 1, over what is there. What it lacks to be the newest is named once it says that it is.
  if (version === undefined || version === null)
    return bad("which version is installed is not written down", sayVersion(guardSchema, there));
  if (version < GUARD_VERSION) return bad(`version ${version} is installed, this package is of version ${GUARD_VERSION}`, install);
  if (version > GUARD_VERSION)
    return bad(`version ${version} is installed, newer than this package's ${GUARD_VERSION}`, "use the newer @rehome/tenancy");
  return [ok(NAME, `version ${version}`), ...(await checkStructure(patient))];
}

function sayVersion(schema: string, { versions }: Presence): string {
  const table = `create table ${schema}.version (version int primary key, installed_at timestamptz not null default clock_timestamp())`;
  return mendBy([
    ...(versions ? [] : [table, `alter table ${schema}.version owner to rehome_owner`]),
    `insert into ${schema}.version (version) values (${GUARD_VERSION})`,
  ]);
}
