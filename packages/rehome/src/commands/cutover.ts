import type { Command } from "commander";
import { cutover } from "../cutover/cutover.ts";
import { dryRun } from "./dry-run.ts";
import { moveOf, printJson, printLine, withProgress } from "./output.ts";

export function addCutover(program: Command): void {
  program
    .command("cutover")
    .description("freeze legacy, drain, prove, switch to the target, unfreeze; retreats by itself before the switch")
    .option("--dry-run", "show the gate and the steps; change nothing", false)
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", "\nExample:\n  $ rehome cutover --dry-run")
    .action(async ({ json, dryRun: dry }: { json: boolean; dryRun: boolean }, command: Command) => {
      const config = await moveOf(command);
      if (dry) {
        return dryRun(config, json, (_, status) => [
          ...(status?.gate ?? []).map((check) => `require: ${check.name}: ${check.ok ? "holds" : `does not hold (${check.figure})`}`),
          `carry ${status?.pending ?? 0} changes`,
          "freeze legacy, drain, prove all rows, advance sequences, close legacy, turn the switch, open the target",
        ]);
      }
      const figures = await withProgress("cutover", (progress) => cutover(config, progress));
      const next = "Watch the product. `rehome rollback` is the way back.";
      if (json) printJson({ ok: true, ...figures, next_step: next });
      else if (figures.switched)
        printLine(
          `The product runs on the target. Writes were refused for ${figures.freezeMs} ms; ${figures.drained} changes were drained inside.\nNext: ${next}`,
        );
      else printLine(`The product already ran on the target; nothing was changed.\nNext: ${next}`);
    });
}
