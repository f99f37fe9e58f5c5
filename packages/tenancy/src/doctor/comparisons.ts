import { type Check, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

const NAME = "comparisons";

/** Whether comparisons of a caller run before the policies: what is not declared confidential can then be asked of hidden rows. */
export async function checkComparisons(patient: Patient): Promise<Check[]> {
  const [facts] = await read<{ left: number; wanted: boolean }>(patient, "comparisons");
  if (!facts) return [];
  if (facts.left === 0) return [ok(NAME, "hardened: ordering comparisons run behind the policies")];
  const found = `${facts.left} functions of Postgres run before the policies`;
  if (!facts.wanted) return [ok(NAME, `not hardened: ${found}, so SQL of the product can ask open columns of hidden rows`)];
  return [
    {
      name: NAME,
      state: "bad",
      found: `it was hardened and is so no more (a restore, a copy or an upgrade does not keep it): ${found}`,
      mend: `as a superuser, call installGuard(client, { schema: "${patient.options.guardSchema}", mirror: "${patient.mirror}", harden: true })`,
    },
  ];
}
