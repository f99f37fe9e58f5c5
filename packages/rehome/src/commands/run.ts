import type { Command } from "commander";
import { runCopy } from "../copy/run.ts";
import { heldUsers } from "../cutover/gate.ts";
import { EXIT } from "../exit.ts";
import { withConnection } from "../postgres/connect.ts";
import { writeReport } from "../report/write.ts";
import { installSchema } from "../schema/install.ts";
import { runUsers } from "../users/run.ts";
import { runVerify } from "../verify/run.ts";
import { dryRun } from "./dry-run.ts";
import { moveOf, printJson, printLine, seconds, withProgress, yellow } from "./output.ts";
import { printProofs } from "./verify.ts";

export function addRun(program: Command): void {
  program
    .command("run")
    .description("everything up to the gate of the cutover: schema, users, copy, verify, report")
    .option("--out <file>", "where to write the report", "rehome-report.html")
    .option("--dry-run", "say what would be done; change nothing", false)
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", "\nExample:\n  $ rehome run --out report.html\nMay be interrupted at any instant and run again.")
    .action(async ({ json, dryRun: dry, out }: { json: boolean; dryRun: boolean; out: string }, command: Command) => {
      const config = await moveOf(command);
      if (dry) {
        return dryRun(config, json, (plan) => [
          "install the target's schema, the ledger and change capture",
          `make ${plan.users.total - Object.values({ ...plan.users.byDisposition.hold, ...plan.users.byDisposition.exclude }).reduce((sum, n) => sum + n, 0)} people exist at WorkOS (${plan.workos.requests} requests)`,
          `copy ${plan.tables.reduce((sum, t) => sum + t.rows, 0)} rows of ${plan.tables.length} tables`,
          "run every proof and write the report",
        ]);
      }
      const result = await withProgress("run", async (progress) => {
        const schema = await installSchema(config, progress);
        const users = await runUsers(config, progress);
        const copy = await runCopy(config, progress);
        const verify = await runVerify(config, progress);
        await writeReport(config, out);
        const held = await withConnection(config.target.mover, "target", (target) => heldUsers(target, config));
        return { schema, users, copy, verify, held };
      });
      const proved = result.verify.proofs.every((proof) => proof.ok);
      const ok = proved && result.held.length === 0;
      const next = ok
        ? "rehome cutover"
        : proved
          ? `Settle ${result.held.length} held users (\`rehome plan --held\`), then \`rehome run\` again.`
          : "Mend what the open proofs name, then `rehome run` again.";
      if (json) printJson({ ok, ...result, report: out, next_step: next });
      else {
        printLine(`Schema  ${result.schema.targetTables} target tables`);
        printLine(`Users   ${result.users.workedOn} of ${result.users.total} worked on, ${seconds(result.users.seconds)}`);
        printLine(`Copy    ${result.copy.rows} rows and ${result.copy.changes} changes, ${seconds(result.copy.seconds)}`);
        printProofs(result.verify.proofs);
        if (result.held.length > 0) printLine(yellow(`\n${result.held.length} held users are open.`));
        printLine(`\nReport: ${out}\nNext: ${next}`);
      }
      process.exitCode = ok ? EXIT.done : EXIT.notHeld;
    });
}
