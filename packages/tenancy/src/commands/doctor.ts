import type { Command } from "commander";
import type { Check, State } from "../doctor/check.ts";
import { type DoctorOptions, doctor } from "../doctor/doctor.ts";
import { OptionsError } from "../lint/options.ts";
import { withDatabase } from "./connect.ts";
import { EXIT } from "./exit.ts";
import { lintOptionsOf } from "./lint.ts";
import { type Config, loadConfig } from "./load-config.ts";

interface Flags {
  database?: string;
  config: string;
  json: boolean;
  mirror?: string;
}

export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("say whether the guard is in working order, and what mends it; writes nothing")
    .option("--mirror <schema.table>", "the memberships that the guard asks (default: public.memberships)")
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText(
      "after",
      "\nExample:\n  $ tenancy doctor --database postgresql://postgres@localhost/app\nRun it as the owner of the database, and after each restore or branch.\nThe config file may export `declared`, what afterMigration is called with ({ schema }): then the product's policies are compared, too.",
    )
    .action(async (_: unknown, command: Command) => {
      const { database, config, json, mirror } = command.optsWithGlobals<Flags>();
      const loaded = await loadConfig(config);
      const declared = declaredOf(loaded);
      const options = { ...lintOptionsOf(loaded), ...(mirror === undefined ? {} : { mirror }), ...(declared && { declared }) };
      const checks = await withDatabase(database, (client) => doctor(client, options));
      const well = checks.every(({ state }) => state === "ok");
      process.stdout.write(`${json ? JSON.stringify({ ok: well, checks }) : asText(checks, declared !== undefined)}\n`);
      process.exitCode = well ? EXIT.done : EXIT.notHeld;
    });
}

function declaredOf({ declared }: Config): DoctorOptions["declared"] {
  if (declared === undefined) return undefined;
  if (typeof declared === "object" && declared !== null && "schema" in declared) return declared as NonNullable<DoctorOptions["declared"]>;
  throw new OptionsError(
    "The config file's `declared` has no schema.",
    'Export `declared = { schema }`, with `import * as schema from "…"`.',
  );
}

const MARK: Readonly<Record<State, string>> = { ok: "ok", warn: "warn", bad: "BAD", unknown: "?" };

/** One line a check; the mends below, to be pasted. */
function asText(checks: readonly Check[], compared: boolean): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map(({ state, name, found }) => `${MARK[state].padEnd(4)}  ${name.padEnd(width)}  ${found}`);
  const ill = checks.filter(({ state }) => state !== "ok");
  const rest = compared
    ? []
    : ["Not looked at: whether the product's policies are those it declares (export `declared` from the config file)."];
  if (ill.length === 0) return [...lines, "", "The guard is in working order.", ...rest].join("\n");
  return [...lines, "", "To do:", ...ill.map(({ name, mend }) => `  ${name.padEnd(width)}  ${mend}`)].join("\n");
}
