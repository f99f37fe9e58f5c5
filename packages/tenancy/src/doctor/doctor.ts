import type { ClientBase } from "pg";
import { toTenancyError, withoutRowData } from "../errors.ts";
import { DEFAULT_MIRROR } from "../install/sql-text.ts";
import { lint } from "../lint/lint.ts";
import { type LintOptions, settle } from "../lint/options.ts";
import type { Check, Patient } from "./check.ts";
import { checkClock } from "./clock.ts";
import { checkGuard } from "./guard.ts";
import { checkIssuers } from "./issuers.ts";
import { checkLogging } from "./logging.ts";
import { checkMirror } from "./mirror.ts";
import { checkProtection, checkRolesExist } from "./protection.ts";
import { checkSeal } from "./seal.ts";
import { checkUtility } from "./utility.ts";

export interface DoctorOptions extends LintOptions {
  /** `schema.table` of the memberships. Default public.memberships. */
  mirror?: string;
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
};

/**
 * Is the guard in working order: version, roles, mirror, issuers and their keys, seal key, clock, log, FORCE, and is this the database it was
 * installed in, or a copy? Reads only. What cannot be looked at is `unknown`, not well.
 *
 * @param client the owner's or a superuser's connection, not inside a transaction
 * @throws TenancyError unreachable; OptionsError
 */
export async function doctor(client: ClientBase, options: DoctorOptions = {}): Promise<Check[]> {
  const { mirror = DEFAULT_MIRROR, now = Date.now, ...lintOptions } = options;
  const patient: Patient = { client, options: settle(lintOptions), mirror, now };
  const checks: Check[] = [];
  for (const [name, examine] of Object.entries(EXAMINATIONS)) checks.push(...(await examined(name, () => examine(patient))));
  return [...checks, ...(await examined("protection", async () => checkProtection(await lint(client, lintOptions))))];
}

async function examined(name: string, examine: () => Promise<Check | Check[]>): Promise<Check[]> {
  try {
    return [await examine()].flat();
  } catch (error) {
    const failed = toTenancyError(error);
    const { sqlstate } = withoutRowData(error);
    if (failed.code === "unreachable" || sqlstate === undefined) throw failed;
    const found = `it could not be looked at (SQLSTATE ${sqlstate})`;
    const mend = sqlstate === "42501" ? "run it as rehome_owner or a superuser" : "mend the guard first, then run it again";
    return [{ name, state: "unknown", found, mend }];
  }
}
