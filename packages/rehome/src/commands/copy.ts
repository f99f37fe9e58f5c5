import type { Command } from "commander";
import { runCopy } from "../copy/run.ts";
import { dryRun } from "./dry-run.ts";
import { moveOf, printJson, printLine, seconds, withProgress } from "./output.ts";

export function addCopy(program: Command): void {
  program
    .command("copy")
    .description("copy all rows to the target, then carry what changed meanwhile")
    .option("--dry-run", "say what would be copied; copy nothing", false)
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", "\nExample:\n  $ rehome copy --dry-run")
    .action(async ({ json, dryRun: dry }: { json: boolean; dryRun: boolean }, command: Command) => {
      const config = await moveOf(command);
      if (dry) {
        return dryRun(config, json, (plan, status) => [
          ...(status && status.tablesCopied > 0 ? [`leave ${status.tablesCopied} tables that are copied`] : []),
          ...plan.tables.map(
            (t) => `copy ${t.rows} rows of ${t.table}, but for ${Object.values(t.stays).reduce((sum, n) => sum + n, 0)} that stay behind`,
          ),
          `carry ${status?.pending ?? 0} changes`,
        ]);
      }
      const figures = await withProgress("copy", (progress) => runCopy(config, progress));
      if (json) printJson({ ok: true, ...figures, next_step: "rehome verify" });
      else
        printLine(
          `Copy: ${figures.rows} rows of ${figures.tables} tables and ${figures.changes} changes in ${seconds(figures.seconds)}.\nNext: rehome verify`,
        );
    });
}
