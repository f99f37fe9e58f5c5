import { parseArgs } from "node:util";

export const PARTS = [
  "statements",
  "prepared",
  "exists-per-row",
  "transactions",
  "client",
  "accessors",
  "confidential",
  "harden",
  "growth",
] as const;
export type Part = (typeof PARTS)[number];

export const USAGE = `Measures what verified identity costs, beside what teams do without it. Starts a Postgres of its own.

  npm run --silent bench:tenancy -- [--json] [--quick] [--only <part>]

  --json         print one JSON object on stdout and nothing else
  --quick        small tables and few rounds: shows that everything runs, not how fast it is
  --only <part>  one of ${PARTS.join(", ")};
                 may be given several times

Exit code 3 when a goal does not hold and the machine was quiet enough to tell (resolved); aims never fail.`;

export interface Flags {
  json: boolean;
  quick: boolean;
  help: boolean;
  only?: Part[];
}

/** @returns what is wrong with them, as a sentence, or the flags */
export function readFlags(args: readonly string[]): Flags | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        only: { type: "string", multiple: true },
      },
    });
    const { only, ...flags } = values;
    if (!only) return flags;
    const unknown = only.find((name) => !(PARTS as readonly string[]).includes(name));
    return unknown === undefined ? { ...flags, only: only as Part[] } : `There is no part ${unknown}.`;
  } catch (error) {
    return (error as Error).message;
  }
}
