import type { MoveConfig } from "../config/define.ts";
import { planMove } from "../plan/plan.ts";
import { isNotStarted, nextStepOf, readStatus, type Status } from "../status/status.ts";
import { printJson, printLine } from "./output.ts";

/**
 * Says what a verb would do, and ends with "Nothing was changed."
 *
 * @param list turns the plan and the status (null before `rehome schema`) into lines
 */
export async function dryRun(
  config: MoveConfig,
  json: boolean,
  list: (plan: Awaited<ReturnType<typeof planMove>>, status: Status | null) => string[],
): Promise<void> {
  const plan = await planMove(config);
  const status = await readStatus(config).catch((error: unknown) => {
    if (isNotStarted(error) || isNoMoverYet(error)) return null;
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

/** Before `rehome schema` the mover's role may not exist, so the target refuses it. */
function isNoMoverYet(error: unknown): boolean {
  return (error as { code?: string }).code === "DATABASE_REFUSED";
}
