import { Command, CommanderError } from "commander";
import { MoveError } from "../errors.ts";
import { EXIT } from "../exit.ts";
import { addCheck } from "./check.ts";
import { addCopy } from "./copy.ts";
import { addCutover } from "./cutover.ts";
import { addPlan } from "./plan.ts";
import { addReport } from "./report.ts";
import { addRollback } from "./rollback.ts";
import { addRun } from "./run.ts";
import { addSchema } from "./schema.ts";
import { addStatus } from "./status.ts";
import { addUsers } from "./users.ts";
import { addVerify } from "./verify.ts";

/** Builds the command line. One file per verb; a verb parses, calls and prints. */
export function buildProgram(): Command {
  const program = new Command("rehome")
    .description("Moves a product from Clerk and flat Postgres to WorkOS AuthKit and a Postgres that guards every row.")
    .option("-c, --config <file>", "the move", "rehome.config.ts")
    .configureHelp({ sortSubcommands: false })
    .exitOverride()
    .addHelpText(
      "after",
      `
The short way: rehome plan, rehome run, rehome cutover. The way back, until finish: rehome rollback.
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 a gate or proof did not hold or somebody must decide first.`,
    );
  for (const add of [addCheck, addPlan, addRun, addSchema, addUsers, addCopy, addVerify, addCutover, addRollback, addStatus, addReport])
    add(program);
  for (const command of program.commands) command.exitOverride();
  return program;
}

/**
 * Runs one command line and gives its exit code. The one place that prints errors.
 *
 * @param args without node and script
 */
export async function runProgram(args: readonly string[]): Promise<number> {
  process.exitCode = EXIT.done;
  const program = buildProgram();
  try {
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return report(error, args.includes("--json"));
  }
}

function report(error: unknown, asJson: boolean): number {
  const known = error instanceof MoveError ? error : undefined;
  const message = known ? known.message : `Unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  process.stderr.write(`Error: ${message}\n`);
  if (known) process.stderr.write(`Next:  ${known.next}\n`);
  if (asJson)
    process.stdout.write(
      `${JSON.stringify({ ok: false, error: { code: known?.code ?? "UNEXPECTED", message: known ? message : "unexpected error" }, next_step: known?.next ?? null })}\n`,
    );
  if (known?.code === "CONFIG_INVALID" || known?.code === "MAPPING_INCOMPLETE") return EXIT.usage;
  if (known?.code === "GATE_CLOSED" || known?.code === "PHASE_REFUSED") return EXIT.notHeld;
  return EXIT.failed;
}
