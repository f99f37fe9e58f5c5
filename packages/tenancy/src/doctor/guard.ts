import { GUARD_VERSION } from "../install/guard.ts";
import { type Check, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

const NAME = "guard";

/** Is the guard there, and is it the one this package speaks with? */
export async function checkGuard(patient: Patient): Promise<Check> {
  const { guardSchema } = patient.options;
  const install = `call installGuard(client, { schema: "${guardSchema}", mirror: "${patient.mirror}" })`;
  const { rows } = await patient.client.query<{ there: boolean }>("select to_regclass($1) is not null as there", [
    `${guardSchema}.version`,
  ]);
  if (!rows[0]?.there) return { name: NAME, state: "bad", found: `there is no guard in schema ${guardSchema}`, mend: install };
  const version = (await read<{ version: number | null }>(patient, "version"))[0]?.version ?? 0;
  if (version < GUARD_VERSION)
    return {
      name: NAME,
      state: "bad",
      found: `version ${version} is installed, this package is of version ${GUARD_VERSION}`,
      mend: install,
    };
  if (version > GUARD_VERSION) {
    return {
      name: NAME,
      state: "bad",
      found: `version ${version} is installed, newer than this package's ${GUARD_VERSION}`,
      mend: "use the newer @rehome/tenancy",
    };
  }
  return ok(NAME, `version ${version}`);
}
