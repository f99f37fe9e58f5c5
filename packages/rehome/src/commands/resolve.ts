import type { Command } from "commander";
import { reopenPeople, resolvePeople } from "../ledger/resolutions.ts";
import { withConnection } from "../postgres/connect.ts";
import { moveOf, printJson, printLine } from "./output.ts";

export function addResolve(program: Command): void {
  program
    .command("resolve")
    .description("settle people who are held or refused: they may stay behind; recorded with who decided it")
    .argument("<ids...>", "legacy user ids, as `rehome plan --held` names them")
    .option("--by <name>", "who decided")
    .option("--because <reason>", "why")
    .option("--reopen", "take the decision back", false)
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", '\nExample:\n  $ rehome resolve user_2abc --by "Ana Lima" --because "asked to be forgotten, ticket 512"')
    .action(async (ids: string[], options: { by?: string; because?: string; reopen: boolean; json: boolean }, command: Command) => {
      const config = await moveOf(command);
      const { by, because } = options;
      if (!options.reopen && (!by || !because))
        command.error("error: --by and --because are needed: who decided, and why", { exitCode: 2 });
      await withConnection(config.target.mover, "target", (target) =>
        options.reopen ? reopenPeople(target, ids) : resolvePeople(target, ids, by as string, because as string),
      );
      const next = "rehome status";
      if (options.json) printJson({ ok: true, resolved: options.reopen ? [] : ids, reopened: options.reopen ? ids : [], next_step: next });
      else printLine(`${options.reopen ? "Open again" : `Settled by ${by}`}: ${ids.join(", ")}.\nNext: ${next}`);
    });
}
