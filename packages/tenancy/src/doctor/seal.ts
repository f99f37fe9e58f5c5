import { age, type Check, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

/** The job rotates hourly; twice that, and it does not run. */
const OLD_S = 7200;

interface SealState {
  age_s: number;
  here: boolean;
  held: boolean;
  guessable: boolean;
}

/**
 * Is there a seal key, is it young, and was it made here? A dump, branch or replica holds the key of the database it was taken from. And is
 * what identities and tickets are compared with in place?
 */
export async function checkSeal(patient: Patient): Promise<Check[]> {
  const { guardSchema } = patient.options;
  const key = (await read<SealState>(patient, "seal"))[0];
  return [...(key ? checkKey(key, guardSchema) : [noKey(guardSchema)]), await checkMarks(patient)];
}

function noKey(schema: string): Check {
  return {
    name: "seal key",
    state: "bad",
    found: "there is none: no identity can be bound (RJ014)",
    mend: `select ${schema}.rotate_seal_key(true)`,
  };
}

function checkKey(key: SealState, schema: string): Check[] {
  const copy: Check = key.here
    ? ok("copy", "the seal key was made in this database")
    : {
        name: "copy",
        state: "bad",
        found: "this is a restored or branched copy: whoever knows the original's seal key makes identities here",
        mend: `select ${schema}.rotate_seal_key(true)`,
      };
  return [checkHeld(key, schema), copy];
}

function checkHeld({ held, guessable, age_s }: SealState, schema: string): Check {
  const name = "seal key";
  const anew = `select ${schema}.rotate_seal_key(true)`;
  if (!held) return { name, state: "bad", found: "its sequences hold none: no identity can be bound (RJ014)", mend: anew };
  if (guessable) return { name, state: "bad", found: "its sequences hold a number that nobody drew: who guesses it is anyone", mend: anew };
  if (age_s <= OLD_S) return ok(name, `made ${age(age_s)} ago`);
  const mend = `select ${schema}.keep(); -- hourly, as rehome_keys`;
  return { name, state: "warn", found: `made ${age(age_s)} ago: the hourly job does not run`, mend };
}

async function checkMarks(patient: Patient): Promise<Check> {
  const name = "marks";
  const { guardSchema } = patient.options;
  const marks = (await read<{ revocation: boolean; revisions: boolean }>(patient, "marks"))[0];
  if (!marks?.revocation) {
    const mend = `insert into ${guardSchema}.revocation (seen) values (1)`;
    return { name, state: "bad", found: `${guardSchema}.revocation has no row: no identity can be bound`, mend };
  }
  if (!marks.revisions) {
    const mend = `select setval('${guardSchema}.issuer_revision', (select max(revision) from ${guardSchema}.issuer))`;
    return { name, state: "bad", found: "an issuer's revision will come again: a ticket can outlive what it was given for", mend };
  }
  return ok(name, "revocations and revisions go on from where they were");
}
