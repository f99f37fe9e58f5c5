import type { Command } from "commander";
import { writeReport } from "../report/write.ts";
import { moveOf, printJson, printLine } from "./output.ts";

export function addReport(program: Command): void {
  program
    .command("report")
    .description("write one self-contained HTML page: people, rows, proofs, timings")
    .option("--out <file>", "where to write it", "rehome-report.html")
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", "\nExample:\n  $ rehome report --out report.html")
    .action(async ({ json, out }: { json: boolean; out: string }, command: Command) => {
      await writeReport(await moveOf(command), out);
      if (json) printJson({ ok: true, report: out, next_step: `Open ${out}.` });
      else printLine(`Report: ${out}`);
    });
}
