import { Command, CommanderError } from "commander";
import { MoveError } from "../errors.ts";
import { EXIT } from "../exit.ts";
import { addCheck } from "./check.ts";
import { addCopy } from "./copy.ts";
import { addCutover } from "./cutover.ts";
import { addPlan } from "./plan.ts";
import { addReport } from "./report.ts";
import { addResolve } from "./resolve.ts";
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
    // Errors are printed in one place and one form, below; help for a command line without a verb still goes to stderr.
    .configureOutput({ outputError: () => {} })
    .addHelpText(
      "after",
      `
The short way: rehome plan, rehome run, rehome cutover. The way back, until finish: rehome rollback.
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 a gate or proof did not hold or somebody must decide first.`,
    );
  for (const add of [
    addCheck,
    addPlan,
    addRun,
    addSchema,
    addUsers,
    addResolve,
    addCopy,
    addVerify,
    addCutover,
    addRollback,
    addStatus,
    addReport,
  ])
    add(program);
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
  const asJson = args.includes("--json");
  try {
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(error, asJson);
    if (error.exitCode === 0) return EXIT.done;
    const wrong =
      error.code === "commander.help"
        ? "No verb was given"
        : error.message
            .replace(/^error: /, "")
            .replaceAll("\n", " ")
            .replace(/\.$/, "");
    say(
      {
        code: "USAGE",
        message: `${wrong.charAt(0).toUpperCase()}${wrong.slice(1)}.`,
        next: `Run \`${helpFor(program, args)}\` and look what there is.`,
      },
      asJson,
    );
    return EXIT.usage;
  }
}

function helpFor(program: Command, args: readonly string[]): string {
  const verb = args.find((arg) => program.commands.some((command) => command.name() === arg));
  return verb ? `rehome ${verb} --help` : "rehome --help";
}

function report(error: unknown, asJson: boolean): number {
  if (!(error instanceof MoveError)) {
    say(
      {
        code: "UNEXPECTED",
        message: `Unexpected: ${whereOf(error)}`,
        next: "Run the same command again; if it stays so, report these lines.",
      },
      asJson,
    );
    return EXIT.failed;
  }
  say(error, asJson);
  if (error.code === "CONFIG_INVALID" || error.code === "MAPPING_INCOMPLETE") return EXIT.usage;
  if (error.code === "GATE_CLOSED" || error.code === "PHASE_REFUSED") return EXIT.notHeld;
  return EXIT.failed;
}

/** Kind and place of an error that nobody foresaw. Not its message: that may quote a row or a key. */
function whereOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames].join("\n");
}

/** What happened and what to do next, once on stderr, and as the one document of `--json`. */
function say({ code, message, next }: { code: string; message: string; next: string }, asJson: boolean): void {
  process.stderr.write(`Error: ${message}\nNext:  ${next}\n`);
  if (asJson) process.stdout.write(`${JSON.stringify({ ok: false, error: { code, message }, next_step: next })}\n`);
}
