import { DEFAULT_SCHEMA } from "../install/sql-text.ts";
import { age, type Check, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

interface IssuerState {
  name: string;
  kind: string;
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
  const { guardSchema } = patient.options;
  const issuers = await read<IssuerState>(patient, "issuers");
  if (issuers.some(({ enabled }) => enabled)) return issuers.map((issuer) => checkIssuer(issuer, guardSchema));
  return [
    { name: "issuers", state: "bad", found: "no issuer is enabled: every token is refused (RJ010)", mend: enable(issuers, guardSchema) },
  ];
}

/** addIssuer leaves one switched off that is. The old issuer of a move was switched off for good. */
function enable(issuers: readonly IssuerState[], schema: string): string {
  const names = issuers.filter(({ kind }) => kind !== "clerk").map(({ name }) => `'${name}'`); // a plain word: a constraint of the table
  if (names.length === 0) return addCall("{ … }", schema);
  return `update ${schema}.issuer set enabled = true where name in (${names.join(", ")}); -- those that may sign tokens`;
}

function checkIssuer({ name, enabled, synced_s, keys, names, asked_s }: IssuerState, schema: string): Check {
  const check = `issuer ${name}`;
  const bad = (found: string, mend: string): Check => ({ name: check, state: "bad", found, mend });
  const warn = (found: string): Check => ({ name: check, state: "warn", found, mend: sync });
  const sync = `call syncKeys(client, "${name}"${inOther(schema, ", fetch")}), and let the job that does so run`;
  if (!enabled) return ok(check, "switched off");
  if (names === 0) return bad("it has no spelling of iss: its tokens are refused (RJ010)", addCall(`{ name: "${name}", … }`, schema));
  if (keys === 0) return bad("it has no current key: its tokens are refused (RJ004)", sync);
  if (synced_s === null || synced_s > STALE_S) return warn(`its keys were read ${synced_s === null ? "never" : `${age(synced_s)} ago`}`);
  if (asked_s !== null && asked_s > WAITING_S) return warn(`the application asked for its keys ${age(asked_s)} ago, and nobody came`);
  return ok(check, `${keys} current ${keys === 1 ? "key" : "keys"}, read ${age(synced_s)} ago`);
}

const addCall = (issuer: string, schema: string) => `call addIssuer(client, ${issuer}${inOther(schema)})`;

/** The last argument of a call about a guard that is not in the usual schema. */
const inOther = (schema: string, before = "") => (schema === DEFAULT_SCHEMA ? "" : `${before}, { schema: "${schema}" }`);
