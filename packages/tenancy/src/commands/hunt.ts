import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import type { ClientBase } from "pg";
import { matrixHtml } from "../hunt/html.ts";
import { hunt } from "../hunt/hunt.ts";
import { matrixText } from "../hunt/text.ts";
import type { HuntOptions } from "../hunt/types.ts";
import { OptionsError } from "../lint/options.ts";
import { withDatabase } from "./connect.ts";
import { EXIT } from "./exit.ts";
import { type Config, loadConfig } from "./load-config.ts";

interface Flags {
  database?: string;
  config: string;
  json: boolean;
  html?: string;
}

/** What a config file exports as `hunt`: personas with their tokens, and who may do what. `end` is called when the hunt is over. */
export type HuntConfig = (owner: ClientBase) => Promise<Omit<HuntOptions, "owner"> & { end?: () => Promise<void> }>;

export function addHunt(program: Command): void {
  program
    .command("hunt")
    .description(
      "try as everybody to read and write what is not theirs; undoes every statement, but hunt a copy, not the product's database",
    )
    .option("--json", "print the whole matrix as one JSON object on stdout and nothing else", false)
    .option("--html <file>", "write the matrix as one page as well")
    .addHelpText(
      "after",
      "\nExample:\n  $ tenancy hunt --html matrix.html --database postgresql://postgres@localhost/copy_of_app\nThe config file exports `hunt`: a function that is given the connection and answers with personas and oracle.",
    )
    .action(async (_: unknown, command: Command) => {
      const { database, config, json, html } = command.optsWithGlobals<Flags>();
      const prepare = huntOf(await loadConfig(config));
      const matrix = await withDatabase(database, async (owner) => {
        const { end, ...options } = await prepare(owner);
        try {
          return await hunt({ owner, ...options });
        } finally {
          await end?.();
        }
      });
      if (html !== undefined) writePage(html, matrixHtml(matrix));
      process.stdout.write(`${json ? JSON.stringify(matrix) : matrixText(matrix)}\n`);
      process.exitCode = matrix.holds ? EXIT.done : EXIT.notHeld;
    });
}

function huntOf({ hunt: prepare }: Config): HuntConfig {
  if (typeof prepare === "function") return prepare as HuntConfig;
  throw new OptionsError(
    "The config file exports no `hunt`.",
    "Export a function `hunt` that answers with personas and oracle, or name another file with --config.",
  );
}

function writePage(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (error) {
    throw new OptionsError(
      `The page could not be written to ${file} (${(error as { code?: string }).code ?? "no code"}).`,
      "Name a folder that exists and can be written, with --html.",
    );
  }
}
