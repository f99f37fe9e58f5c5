import { Command, CommanderError } from "commander";
import { TenancyError } from "../errors.ts";
import { OptionsError } from "../lint/options.ts";
import { addDoctor } from "./doctor.ts";
import { EXIT } from "./exit.ts";
import { addForce } from "./force.ts";
import { addHunt } from "./hunt.ts";
import { addLint } from "./lint.ts";
import { DEFAULT_CONFIG } from "./load-config.ts";

/** Builds the command line. One file per verb; a verb parses, calls and prints. */
export function buildProgram(): Command {
  const program = new Command("tenancy")
    .description("Looks after a database whose rows are guarded by organization.")
    .option("-d, --database <address>", "postgresql://… of the database (default: DATABASE_URL)")
    .option("-c, --config <file>", "options of the product", DEFAULT_CONFIG)
    .configureHelp({ sortSubcommands: false })
    .exitOverride()
    // Errors are printed in one place and one form, below.
    .configureOutput({ outputError: () => {} })
    .addHelpText(
      "after",
      `
Which one? lint reads the catalog: could a row be seen that should not be? hunt tries it, statement by statement.
doctor: is the guard in working order, and what mends it? force: completes a new migration.
Exit codes: 0 nothing found, 1 failed, 2 wrong usage or options, 3 something does not hold.
Example:
  $ tenancy lint --database postgresql://postgres@localhost/app`,
    );
  for (const add of [addLint, addDoctor, addHunt, addForce]) add(program);
  return program;
}

/**
 * Runs one command line and gives its exit code. The one place that prints errors: what happened and what to do next, on stderr.
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
    if (error instanceof CommanderError) return usage(error, program, args);
    if (error instanceof OptionsError) return say(EXIT.usage, error.message, error.next);
    if (error instanceof TenancyError) return say(EXIT.failed, `${error.message}${namesOf(error)}`, error.next);
    return say(EXIT.failed, `Unexpected: ${whereOf(error)}`, "Run the same command again; if it stays so, report these lines.");
  }
}

function usage(error: CommanderError, program: Command, args: readonly string[]): number {
  if (error.exitCode === 0) return EXIT.done;
  const wrong = error.code === "commander.help" ? "No verb was given" : error.message.replace(/^error: /, "").replaceAll("\n", " ");
  const verb = args.find((arg) => program.commands.some((command) => command.name() === arg));
  const text = wrong.replace(/\.$/, "");
  return say(
    EXIT.usage,
    `${text.charAt(0).toUpperCase()}${text.slice(1)}.`,
    `Run \`tenancy ${verb ? `${verb} ` : ""}--help\` and look what there is.`,
  );
}

/** SQLSTATE and names of what it was about; never a value. */
function namesOf({ sqlstate, schema, table, constraint, column, sequence }: TenancyError): string {
  const names = Object.entries({ sqlstate, schema, table, constraint, column, sequence }).filter(([, value]) => value !== undefined);
  return names.length === 0 ? "" : ` (${names.map(([name, value]) => `${name} ${value}`).join(", ")})`;
}

/** Kind and place of an error that nobody foresaw. Not its message: that may quote a row or a key. */
function whereOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames].join("\n");
}

function say(code: number, message: string, next: string): number {
  process.stderr.write(`Error: ${message}\nNext:  ${next}\n`);
  return code;
}
