import type { Command } from "commander";
import { runUsers } from "../users/run.ts";
import { dryRun } from "./dry-run.ts";
import { moveOf, printJson, printLine, seconds, withProgress } from "./output.ts";

export function addUsers(program: Command): void {
  program
    .command("users")
    .description("make everyone who moves exist at WorkOS, with password, TOTP factor and an organization")
    .option("--dry-run", "say what would be sent; send nothing", false)
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", "\nExample:\n  $ rehome users --json")
    .action(async ({ json, dryRun: dry }: { json: boolean; dryRun: boolean }, command: Command) => {
      const config = await moveOf(command);
      if (dry) {
        return dryRun(config, json, (plan, status) => [
          `send about ${plan.workos.requests} requests to WorkOS in about ${seconds(plan.workos.seconds)}`,
          `have ${status?.people.done ?? 0} people there already`,
        ]);
      }
      const figures = await withProgress("users", (progress) => runUsers(config, progress));
      if (json) printJson({ ok: true, ...figures, next_step: "rehome copy" });
      else
        printLine(
          `Users: ${figures.workedOn} of ${figures.total} legacy users worked on in ${seconds(figures.seconds)}.\nNext: rehome copy`,
        );
    });
}
