import { age, type Check, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

interface IssuerState {
  name: string;
  enabled: boolean;
  synced_s: number | null;
  keys: number;
  names: number;
  asked_s: number | null;
}

/** A day: WorkOS publishes a key long before it signs with it, and a job should read hourly. */
const STALE_S = 86_400;
/** The application asked, and the job, which should hear it at once, did not come. */
const WAITING_S = 120;

/** Can tokens be verified, and does the job that reads keys run? One check an issuer. */
export async function checkIssuers(patient: Patient): Promise<Check[]> {
  const issuers = await read<IssuerState>(patient, "issuers");
  if (!issuers.some(({ enabled }) => enabled)) {
    return [
      {
        name: "issuers",
        state: "bad",
        found: "no issuer is enabled: every token is refused (RJ010)",
        mend: "call addIssuer(client, { … })",
      },
    ];
  }
  return issuers.map(checkIssuer);
}

function checkIssuer({ name, enabled, synced_s, keys, names, asked_s }: IssuerState): Check {
  const check = `issuer ${name}`;
  const sync = `call syncKeys(client, "${name}"), and let the job that does so run`;
  if (!enabled) return ok(check, "switched off");
  if (names === 0)
    return {
      name: check,
      state: "bad",
      found: "it has no spelling of iss: its tokens are refused (RJ010)",
      mend: "call addIssuer(client, { … })",
    };
  if (keys === 0) return { name: check, state: "bad", found: "it has no current key: its tokens are refused (RJ004)", mend: sync };
  if (synced_s === null || synced_s > STALE_S)
    return { name: check, state: "warn", found: `its keys were read ${synced_s === null ? "never" : `${age(synced_s)} ago`}`, mend: sync };
  if (asked_s !== null && asked_s > WAITING_S)
    return { name: check, state: "warn", found: `the application asked for its keys ${age(asked_s)} ago, and nobody came`, mend: sync };
  return ok(check, `${keys} current ${keys === 1 ? "key" : "keys"}, read ${age(synced_s)} ago`);
}
