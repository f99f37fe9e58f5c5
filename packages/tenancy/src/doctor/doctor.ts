import type { ClientBase } from "pg";
import { toTenancyError, withoutRowData } from "../errors.ts";
import { DEFAULT_MIRROR } from "../install/sql-text.ts";
import { lint } from "../lint/lint.ts";
import { type LintOptions, settle } from "../lint/options.ts";
import type { AfterMigrationOptions } from "../policies/after-migration.ts";
import type { Check, Patient } from "./check.ts";
import { checkClock } from "./clock.ts";
import { checkComparisons } from "./comparisons.ts";
import { checkGuard } from "./guard.ts";
import { checkIssuers } from "./issuers.ts";
import { checkLogging } from "./logging.ts";
import { checkMirror } from "./mirror.ts";
import { checkDeclared } from "./policies.ts";
import { checkProtection, checkRolesExist } from "./protection.ts";
import { checkSeal } from "./seal.ts";
import { checkUtility } from "./utility.ts";

export interface DoctorOptions extends LintOptions {
  /** `schema.table` of the memberships. Default public.memberships. */
  mirror?: string;
  /** What afterMigration is called with: the product's policies are compared with what it declares. Without it nobody knows of one that is gone. */
  declared?: AfterMigrationOptions;
  /** For tests: this machine's time in milliseconds. */
  now?: () => number;
}

const EXAMINATIONS: Readonly<Record<string, (patient: Patient) => Promise<Check | Check[]>>> = {
  roles: checkRolesExist,
  guard: checkGuard,
  mirror: checkMirror,
  issuers: checkIssuers,
  "seal key": checkSeal,
  clock: checkClock,
  log: checkLogging,
  "utility commands": checkUtility,
  comparisons: checkComparisons,
};

/**
 * Is the guard in working order: version, roles, mirror, issuers and their keys, seal key, clock, log, FORCE, and is this the database it was
 * installed in, or a copy? All of the guard is compared with what this version installs. Writes nothing that stays: with `declared`, empty copies of
 * the product's tables are made and rolled back. What cannot be looked at is `unknown`, not well.
 *
 * @param client the owner's or a superuser's connection; inside a transaction or not
 * @throws TenancyError unreachable; OptionsError
 */
export async function doctor(client: ClientBase, options: DoctorOptions = {}): Promise<Check[]> {
  const { mirror = DEFAULT_MIRROR, declared, now = Date.now, ...lintOptions } = options;
  const patient: Patient = { client, options: settle(lintOptions), mirror, now };
  const checks: Check[] = [];
  for (const [name, examine] of Object.entries(EXAMINATIONS)) checks.push(...(await examined(patient, name, () => examine(patient))));
  if (declared) checks.push(...(await examined(patient, "policies", () => checkDeclared(patient, declared))));
  return [
    ...checks,
    ...(await examined(patient, "protection", async () => checkProtection(await lint(client, lintOptions), patient.options.guardSchema))),
  ];
}

/** In a caller's transaction, what fails ends neither that nor the checks that follow. */
async function examined({ client }: Patient, name: string, examine: () => Promise<Check | Check[]>): Promise<Check[]> {
  const inside = client.getTransactionStatus() === "T";
  if (inside) await client.query("savepoint rehome_doctor");
  try {
    return [await examine()].flat();
  } catch (error) {
    if (inside) await client.query("rollback to savepoint rehome_doctor").catch(() => {});
    const failed = toTenancyError(error);
    const { sqlstate } = withoutRowData(error);
    if (failed.code === "unreachable" || sqlstate === undefined) throw failed;
    const found = `it could not be looked at (SQLSTATE ${sqlstate})`;
    const mend = sqlstate === "42501" ? "run it as rehome_owner or a superuser" : "mend the guard first, then run it again";
    return [{ name, state: "unknown", found, mend }];
  } finally {
    if (inside) await client.query("release savepoint rehome_doctor").catch(() => {});
  }
}
