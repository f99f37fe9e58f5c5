import type { Command } from "commander";
import { EXIT } from "../exit.ts";
import type { Proof } from "../verify/proof.ts";
import { runVerify } from "../verify/run.ts";
import { dryRun } from "./dry-run.ts";
import { bold, green, moveOf, printJson, printLine, red, seconds, table, withProgress } from "./output.ts";

export function addVerify(program: Command): void {
  program
    .command("verify")
    .description("run every proof over people and rows, and note what was found for the gate")
    .option("--fresh", "ask WorkOS for everybody anew, not only for people whom its events name", false)
    .option("--dry-run", "say what would be proved; carry and note nothing", false)
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", "\nExample:\n  $ rehome verify --json")
    .action(async ({ json, dryRun: dry, fresh }: { json: boolean; dryRun: boolean; fresh: boolean }, command: Command) => {
      const config = await moveOf(command);
      if (dry)
        return dryRun(config, json, (_, status) => [
          `carry ${status?.pending ?? 0} changes first`,
          ...["users", "rows", "references", ...config.proofs.map((p) => p.name)].map((name) => `prove ${name}`),
        ]);
      const figures = await withProgress("verify", (progress) => runVerify(config, progress, { fresh }));
      const ok = figures.proofs.every((proof) => proof.ok);
      const next = ok ? "rehome cutover" : "Mend what the open proofs name, then `rehome verify` again.";
      if (json) printJson({ ok, ...figures, next_step: next });
      else {
        printProofs(figures.proofs);
        printLine(
          `\n${figures.proofs.filter((proof) => proof.ok).length} of ${figures.proofs.length} proofs hold, in ${seconds(figures.seconds)}. Next: ${next}`,
        );
      }
      process.exitCode = ok ? EXIT.done : EXIT.notHeld;
    });
}

/** One line a proof, and what is wrong below it. */
export function printProofs(proofs: readonly Proof[]): void {
  printLine(bold("Proofs"));
  printLine(
    table(proofs.map((proof) => [proof.ok ? green("holds") : red("open "), proof.name, proof.checked, "of", proof.expected, proof.figure])),
  );
  for (const proof of proofs) for (const offender of proof.offenders) printLine(red(`    ${proof.name}: ${offender}`));
}
