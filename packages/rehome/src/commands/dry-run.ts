import type { MoveConfig } from "../config/define.ts";
import { type Plan, planMove } from "../plan/plan.ts";
import { withConnection } from "../postgres/connect.ts";
import { query } from "../postgres/query.ts";
import { isNotStarted, nextStepOf, readStatus, type Status } from "../status/status.ts";
import { printJson, printLine } from "./output.ts";

/**
 * Says what a verb would do, and ends with "Nothing was changed."
 *
 * @param list turns the plan and the status (null before `rehome schema`) into lines
 */
export async function dryRun(config: MoveConfig, json: boolean, list: (plan: Plan, status: Status | null) => string[]): Promise<void> {
  const plan = await planMove(config, (made) => made);
  const status = await readStatus(config).catch(async (error: unknown) => {
    if (isNotStarted(error) || (isRefused(error) && !(await hasLedger(config)))) return null;
    throw error;
  });
  const would = list(plan, status);
  if (json) {
    printJson({ ok: true, dry_run: true, would, next_step: status ? nextStepOf(status) : "rehome run" });
    return;
  }
  for (const line of would) printLine(`would ${line}`);
  printLine("Nothing was changed.");
}

const isRefused = (error: unknown): boolean => (error as { code?: string }).code === "DATABASE_REFUSED";

/** Before `rehome schema` the mover's role may not exist, so the target refuses it; whether that is why, the owner can tell. */
async function hasLedger(config: MoveConfig): Promise<boolean> {
  return withConnection(config.target.owner, "target", async (owner) => {
    const [row] = await query<{ there: boolean }>(owner, "look for the ledger", "select to_regclass('rehome.move') is not null as there");
    return row?.there ?? false;
  });
}
