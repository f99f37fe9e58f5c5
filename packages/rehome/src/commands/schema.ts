import type { Command } from "commander";
import { installSchema } from "../schema/install.ts";
import { dryRun } from "./dry-run.ts";
import { moveOf, printJson, printLine, withProgress } from "./output.ts";

export function addSchema(program: Command): void {
  program
    .command("schema")
    .description("install the target's tables, roles and policies, the ledger, and change capture on both databases")
    .option("--dry-run", "say what would be installed; change nothing", false)
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", "\nExample:\n  $ rehome schema --dry-run")
    .action(async ({ json, dryRun: dry }: { json: boolean; dryRun: boolean }, command: Command) => {
      const config = await moveOf(command);
      if (dry) {
        return dryRun(config, json, (plan, status) => [
          status ? "bring the target's schema up to date" : "install the target's schema, roles and policies, and the ledger",
          `watch ${plan.tables.length} legacy tables by triggers`,
        ]);
      }
      const figures = await withProgress("schema", (progress) => installSchema(config, progress));
      if (json) printJson({ ok: true, ...figures, next_step: "rehome users" });
      else
        printLine(
          `Schema: ${figures.targetTables} target tables; changes are followed on ${figures.watchedOnLegacy} legacy and ${figures.watchedOnTarget} target tables.\nNext: rehome users`,
        );
    });
}
