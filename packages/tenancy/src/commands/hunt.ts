import type { Command } from "commander";
import type { ClientBase } from "pg";
import { hunt } from "../hunt/hunt.ts";
import type { HuntOptions, Matrix } from "../hunt/types.ts";
import { OptionsError } from "../lint/options.ts";
import { withDatabase } from "./connect.ts";
import { EXIT } from "./exit.ts";
import { type Config, loadConfig } from "./load-config.ts";

interface Flags {
  database?: string;
  config: string;
  json: boolean;
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
    .addHelpText(
      "after",
      "\nExample:\n  $ tenancy hunt --database postgresql://postgres@localhost/copy_of_app\nThe config file exports `hunt`: a function that is given the connection and answers with personas and oracle.",
    )
    .action(async (_: unknown, command: Command) => {
      const { database, config, json } = command.optsWithGlobals<Flags>();
      const prepare = huntOf(await loadConfig(config));
      const matrix = await withDatabase(database, async (owner) => {
        const { end, ...options } = await prepare(owner);
        try {
          return await hunt({ owner, ...options });
        } finally {
          await end?.();
        }
      });
      process.stdout.write(`${json ? JSON.stringify(matrix) : asText(matrix)}\n`);
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

/** What was found, then what could not be tried, then the figures. */
function asText({ findings, gaps, limits, probes, granted, denied, personas, tables, seconds, holds }: Matrix): string {
  return [
    ...findings.map(({ kind, persona, table, verb, route, what }) => `${kind}: ${persona}, ${verb} ${table} (${route}): ${what}`),
    ...gaps.map((gap) => `not tried: ${gap}`),
    ...limits.map(({ table, route, columns, what }) => `limit: ${table} (${route} ${columns.join(", ")}): ${what}`),
    `${personas.length} personas, ${tables.length} tables, ${probes} tries in ${seconds.toFixed(1)} s: ${granted} had to go through, ${denied} had to be refused.`,
    holds ? "Everybody reached what is theirs and nothing else." : "It does not hold.",
  ].join("\n");
}
