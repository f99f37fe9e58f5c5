import { dirname, relative, resolve, sep } from "node:path";
import { type Command, Option } from "commander";
import { type Finding, LEVELS, type Level } from "../lint/finding.ts";
import { asJson } from "../lint/format/json.ts";
import { asSarif } from "../lint/format/sarif.ts";
import { asTable } from "../lint/format/table.ts";
import { lint } from "../lint/lint.ts";
import { isAtLeast, type LintOptions, OptionsError } from "../lint/options.ts";
import { lintSource } from "../lint/source/lint-source.ts";
import { withDatabase } from "./connect.ts";
import { EXIT } from "./exit.ts";
import { type Config, loadConfig } from "./load-config.ts";

type Format = "table" | "json" | "sarif";

interface Flags {
  database?: string;
  config: string;
  format: Format;
  level: Level;
  /** True without folders: those of the config file. */
  source?: true | string[];
}

export function addLint(program: Command): void {
  program
    .command("lint")
    .description("look in the catalog for what would let one organization see or change another's rows; writes nothing")
    .option(
      "--source [folders...]",
      "look in the product's code instead, for what sets an identity by hand or opens the database past the client; without folders, in those of the config file",
    )
    .addOption(new Option("--format <format>", "how to print the findings").choices(["table", "json", "sarif"]).default("table"))
    .addOption(
      new Option("--level <level>", "exit with 3 when there is a finding of this level or worse").choices([...LEVELS]).default("warn"),
    )
    .addHelpText(
      "after",
      "\nExample:\n  $ tenancy lint --format sarif > tenancy.sarif\n  $ tenancy lint --source src app\nWhat each rule means is in docs/lint.md. What is accepted, with its reason, stands in tenancy.config.ts.",
    )
    .action(async (_: unknown, command: Command) => {
      const { database, config, format, level, source } = command.optsWithGlobals<Flags>();
      const options = lintOptionsOf(await loadConfig(config));
      const findings = source === undefined ? await inCatalog(database, options) : inSource(source, options, config);
      process.stdout.write(`${print(findings, format, config)}\n`);
      process.exitCode = findings.some((finding) => isAtLeast(finding.level, level)) ? EXIT.notHeld : EXIT.done;
    });
}

async function inCatalog(database: string | undefined, options: LintOptions): Promise<Finding[]> {
  return await withDatabase(database, async (client) => {
    await client.query("begin isolation level repeatable read read only");
    return await lint(client, options);
  });
}

/** Folders of the command line are paths from where it runs; a config's, from the config. */
function inSource(source: true | readonly string[], options: LintOptions, config: string): Finding[] {
  const root = dirname(resolve(config));
  return lintSource(options, root, source === true ? undefined : source.map((folder) => relative(root, resolve(folder)) || "."));
}

/** The default export of a config file holds the linter's options. */
export function lintOptionsOf({ default: options }: Config): LintOptions {
  if (options === undefined) return {};
  if (typeof options !== "object" || options === null) throw new OptionsError("The config file's default export is no object of options.");
  return options;
}

function print(findings: readonly Finding[], format: Format, config: string): string {
  if (format === "json") return asJson(findings);
  if (format === "sarif") return asSarif(findings, relative(process.cwd(), resolve(config)).replaceAll(sep, "/"));
  return asTable(findings, process.stdout.isTTY && !process.env["NO_COLOR"]);
}
