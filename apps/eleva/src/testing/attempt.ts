import type { Query } from "@rehome/tenancy";
import type pg from "pg";
import type { TargetDatabase } from "./target-database.ts";

/** What became of a statement: how many rows it touched, or the SQLSTATE with which it was refused. Nothing of it stays. */
export type Outcome = number | string;

class Undo extends Error {
  readonly rows: number;

  constructor(rows: number) {
    super("undo");
    this.rows = rows;
  }
}

/** Tries a statement as a verified person; `who` is "ana@clinic" for user_ana with a token of org_clinic, or "anonymous". */
export async function attempt(target: TargetDatabase, who: string, sql: string, params: readonly unknown[] = []): Promise<Outcome> {
  const [user, org] = who.split("@");
  const work = async (_db: unknown, query: Query): Promise<never> => {
    throw new Undo((await query(sql, params)).rowCount);
  };
  try {
    if (who === "anonymous") await target.tenancy.anonymous(work);
    else await target.tenancy.as(await target.token(`user_${user}`, `org_${org}`), work);
  } catch (error) {
    if (error instanceof Undo) return error.rows;
    return (error as { sqlstate?: string }).sqlstate ?? String(error);
  }
  return "committed";
}

/** Tries a statement as a job's role, on a superuser's connection. */
export async function attemptAsJob(superuser: pg.Client, job: string, sql: string, params: unknown[] = []): Promise<Outcome> {
  await superuser.query(`begin; set local role rehome_job_${job}`);
  try {
    return (await superuser.query(sql, params)).rowCount ?? 0;
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await superuser.query("rollback");
  }
}
