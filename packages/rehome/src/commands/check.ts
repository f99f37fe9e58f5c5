import type { Command } from "commander";
import { checkMove } from "../check/check.ts";
import { EXIT } from "../exit.ts";
import { green, moveOf, printJson, printLine, red, table } from "./output.ts";

export function addCheck(program: Command): void {
  program
    .command("check")
    .description("try every connection, key, permission and file the move needs; writes nothing")
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", "\nExample:\n  $ rehome check")
    .action(async ({ json }: { json: boolean }, command: Command) => {
      const checks = await checkMove(await moveOf(command));
      const ok = checks.every((check) => check.ok);
      const next = ok ? "rehome plan" : "Mend what is named, then `rehome check` again.";
      if (json) printJson({ ok, checks, next_step: next });
      else {
        printLine(table(checks.map((check) => [check.ok ? green("ok  ") : red("open"), check.name, check.figure])));
        for (const check of checks) if (!check.ok && check.next) printLine(`\n${check.name}\n  Next: ${check.next}`);
        printLine(`\nNothing was changed. Next: ${next}`);
      }
      process.exitCode = ok ? EXIT.done : EXIT.notHeld;
    });
}
