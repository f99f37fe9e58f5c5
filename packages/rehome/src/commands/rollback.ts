import type { Command } from "commander";
import { rollback } from "../cutover/rollback.ts";
import { dryRun } from "./dry-run.ts";
import { moveOf, printJson, printLine, withProgress } from "./output.ts";

export function addRollback(program: Command): void {
  program
    .command("rollback")
    .description("carry what was written on the target back and let legacy serve again; or retreat from an interrupted cutover")
    .option("--dry-run", "say what would be carried back; change nothing", false)
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", "\nExample:\n  $ rehome rollback")
    .action(async ({ json, dryRun: dry }: { json: boolean; dryRun: boolean }, command: Command) => {
      const config = await moveOf(command);
      if (dry) {
        return dryRun(config, json, (_, status) =>
          status?.move.side === "target"
            ? [`carry ${status.pending} changes back to legacy`, "freeze the target, drain, prove all rows, turn the switch to legacy"]
            : ["leave legacy serving (it does)"],
        );
      }
      const figures = await withProgress("rollback", (progress) => rollback(config, progress));
      const next = "Find the cause, then `rehome run` and `rehome cutover` again.";
      if (json) printJson({ ok: true, ...figures, next_step: next });
      else if (figures.outcome === "retreated") printLine(`Legacy serves and takes writes.\nNext: ${next}`);
      else {
        printLine(
          `The product runs on legacy again. ${figures.carriedBack} changes were carried back; writes were refused for ${figures.freezeMs} ms.`,
        );
        if (figures.peopleBroughtBack > 0)
          printLine(`${figures.peopleBroughtBack} people who signed up meanwhile have a Clerk user now and must set a password.`);
        if (figures.peopleRefused.length > 0)
          printLine(
            `Clerk did not take ${figures.peopleRefused.length} of them (${figures.peopleRefused.join(", ")}): settle these in both dashboards.`,
          );
        if (figures.namesRefused.length > 0) printLine(`Clerk did not accept the changed names of ${figures.namesRefused.join(", ")}.`);
        printLine("Passwords and factors set at WorkOS since the cutover could not be carried back: the old ones are valid at Clerk.");
        printLine(`Next: ${next}`);
      }
    });
}
