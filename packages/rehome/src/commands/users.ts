import type { Command } from "commander";
import { heldUsers } from "../cutover/gate.ts";
import { EXIT } from "../exit.ts";
import { withConnection } from "../postgres/connect.ts";
import { runUsers } from "../users/run.ts";
import { dryRun } from "./dry-run.ts";
import { moveOf, printJson, printLine, seconds, withProgress, yellow } from "./output.ts";

export function addUsers(program: Command): void {
  program
    .command("users")
    .description("make everyone who moves exist at WorkOS, with password, TOTP factor, home and practice")
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
      const held = await withConnection(config.target.mover, "target", (target) => heldUsers(target, config));
      const next =
        held.length === 0 ? "rehome copy" : `rehome copy; before the cutover settle ${held.length} held users (rehome plan --held)`;
      if (json) printJson({ ok: held.length === 0, ...figures, held, next_step: next });
      else {
        printLine(`Users: ${figures.workedOn} of ${figures.total} legacy users worked on in ${seconds(figures.seconds)}.`);
        if (held.length > 0) printLine(yellow(`${held.length} held users are open.`));
        printLine(`Next: ${next}`);
      }
      process.exitCode = held.length === 0 ? EXIT.done : EXIT.notHeld;
    });
}
