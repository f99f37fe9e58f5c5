import type { Command } from "commander";
import type { Check, State } from "../doctor/check.ts";
import { doctor } from "../doctor/doctor.ts";
import { withDatabase } from "./connect.ts";
import { EXIT } from "./exit.ts";
import { lintOptionsOf } from "./lint.ts";
import { loadConfig } from "./load-config.ts";

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
      "\nExample:\n  $ tenancy doctor --database postgresql://postgres@localhost/app\nRun it as the owner of the database, and after each restore or branch.",
    )
    .action(async (_: unknown, command: Command) => {
      const { database, config, json, mirror } = command.optsWithGlobals<Flags>();
      const options = { ...lintOptionsOf(await loadConfig(config)), ...(mirror === undefined ? {} : { mirror }) };
      const checks = await withDatabase(database, (client) => doctor(client, options));
      const well = checks.every(({ state }) => state === "ok");
      process.stdout.write(`${json ? JSON.stringify({ ok: well, checks }) : asText(checks)}\n`);
      process.exitCode = well ? EXIT.done : EXIT.notHeld;
    });
}

const MARK: Readonly<Record<State, string>> = { ok: "ok", warn: "warn", bad: "BAD", unknown: "?" };

/** One line a check; the mends below, to be pasted. */
function asText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map(({ state, name, found }) => `${MARK[state].padEnd(4)}  ${name.padEnd(width)}  ${found}`);
  const ill = checks.filter(({ state }) => state !== "ok");
  if (ill.length === 0) return [...lines, "", "The guard is in working order."].join("\n");
  return [...lines, "", "To do:", ...ill.map(({ name, mend }) => `  ${name.padEnd(width)}  ${mend}`)].join("\n");
}
