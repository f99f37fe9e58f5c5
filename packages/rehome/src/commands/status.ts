import type { Command } from "commander";
import { nextStepOf, readStatus, type Status } from "../status/status.ts";
import { bold, dim, green, moveOf, printJson, printLine, red, table } from "./output.ts";

export function addStatus(program: Command): void {
  program
    .command("status")
    .description("say where the move stands, what holds, and what may be done now; writes nothing")
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", "\nExample:\n  $ rehome status --json")
    .action(async ({ json }: { json: boolean }, command: Command) => {
      const status = await readStatus(await moveOf(command));
      if (json) printJson({ ok: true, ...status, next_step: nextStepOf(status) });
      else printStatus(status);
    });
}

function kept({ practices }: Status): string {
  return practices.kept.length === 0 ? "" : `, kept without a role that asks for one: ${practices.kept.join(", ")}`;
}

function printStatus(status: Status): void {
  const { move, fences } = status;
  printLine(
    `${bold(move.name)} · ${move.side === "legacy" ? "legacy" : "target"} serves · state ${move.state}${move.step ? ` (${move.step})` : ""}\n`,
  );
  printLine(
    table([
      ["people at WorkOS", `${status.people.done} of ${status.people.all}`],
      ["practices at WorkOS", `${status.practices.done} of ${status.practices.all}${kept(status)}`],
      ["tables copied", status.tablesCopied],
      ["changes waiting", status.pending],
      [
        "rows left behind",
        Object.entries(status.leftBehind)
          .map(([reason, n]) => `${reason} ${n}`)
          .join(", ") || "none",
      ],
      ["writes", `legacy ${fences.legacy}, target ${fences.target}`],
    ]),
  );
  printLine(`\n${bold("Gate of the cutover")}`);
  printLine(table(status.gate.map((check) => [check.ok ? green("holds") : red("open "), check.name, check.figure])));
  printLine(`\n${bold("What may be done now")}`);
  printLine(table(status.verbs.map(({ verb, refusal }) => [verb, refusal ? dim(`no: ${refusal}`) : green("yes")])));
  if (status.events.length > 0) {
    printLine(`\n${bold("Last events")} (UTC)`);
    printLine(table(status.events.map((event) => [event.at, event.verb, event.what])));
  }
  printLine(`\nNext: ${nextStepOf(status)}`);
}
