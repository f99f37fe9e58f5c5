import { relative, resolve, sep } from "node:path";
import { type Command, Option } from "commander";
import { type Finding, LEVELS, type Level } from "../lint/finding.ts";
import { asJson } from "../lint/format/json.ts";
import { asSarif } from "../lint/format/sarif.ts";
import { asTable } from "../lint/format/table.ts";
import { lint } from "../lint/lint.ts";
import { isAtLeast, type LintOptions, OptionsError } from "../lint/options.ts";
import { withDatabase } from "./connect.ts";
import { EXIT } from "./exit.ts";
import { type Config, loadConfig } from "./load-config.ts";

type Format = "table" | "json" | "sarif";

interface Flags {
  database?: string;
  config: string;
  format: Format;
  level: Level;
}

export function addLint(program: Command): void {
  program
    .command("lint")
    .description("look in the catalog for what would let one organization see or change another's rows; writes nothing")
    .addOption(new Option("--format <format>", "how to print the findings").choices(["table", "json", "sarif"]).default("table"))
    .addOption(
      new Option("--level <level>", "exit with 3 when there is a finding of this level or worse").choices([...LEVELS]).default("warn"),
    )
    .addHelpText(
      "after",
      "\nExample:\n  $ tenancy lint --format sarif > tenancy.sarif\nWhat each rule means is in docs/lint.md. What is accepted, with its reason, stands in tenancy.config.ts.",
    )
    .action(async (_: unknown, command: Command) => {
      const { database, config, format, level } = command.optsWithGlobals<Flags>();
      const options = lintOptionsOf(await loadConfig(config));
      const findings = await withDatabase(database, async (client) => {
        await client.query("begin isolation level repeatable read read only");
        return await lint(client, options);
      });
      process.stdout.write(`${print(findings, format, config)}\n`);
      process.exitCode = findings.some((finding) => isAtLeast(finding.level, level)) ? EXIT.notHeld : EXIT.done;
    });
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
