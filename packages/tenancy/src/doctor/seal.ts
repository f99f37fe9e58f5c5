import { age, type Check, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

/** The job rotates hourly; twice that, and it does not run. */
const OLD_S = 7200;

/** Is there a seal key, is it young, and was it made here? A dump, branch or replica holds the key of the database it was taken from. */
export async function checkSeal(patient: Patient): Promise<Check[]> {
  const { guardSchema } = patient.options;
  const key = (await read<{ age_s: number; here: boolean }>(patient, "seal"))[0];
  if (!key) {
    const mend = `select ${guardSchema}.rotate_seal_key()`;
    return [{ name: "seal key", state: "bad", found: "there is none: no identity can be bound (RJ014)", mend }];
  }
  const young: Check =
    key.age_s <= OLD_S
      ? ok("seal key", `made ${age(key.age_s)} ago`)
      : {
          name: "seal key",
          state: "warn",
          found: `made ${age(key.age_s)} ago: the hourly job does not run`,
          mend: `select ${guardSchema}.keep(); -- hourly, as rehome_keys`,
        };
  const copy: Check = key.here
    ? ok("copy", "the seal key was made in this database")
    : {
        name: "copy",
        state: "bad",
        found: "this is a restored or branched copy: whoever knows the original's seal key makes identities here",
        mend: `select ${guardSchema}.rotate_seal_key(true)`,
      };
  return [young, copy];
}
