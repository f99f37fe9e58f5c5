import { parseArgs } from "node:util";
import { goalTable } from "../lib/table.ts";
import { runBench } from "./run.ts";

const USAGE = `Usage: npm run bench:users -- [--people <n>] [--latency <ms>] [--quick] [--json]

Moves people at the twin of WorkOS, under its documented limits, by \`rehome users\` and by a plain loop.

  --people <n>    how many (default 1000: 40 s and 80 s)
  --latency <ms>  how long each answer takes (default 30)
  --quick         60 people: shows that everything runs, not how fast it is
  --json          one JSON document: goals as in the other benchmarks

Exit codes: 0 every goal holds, 2 wrong usage, 3 a goal falls short.`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      people: { type: "string", default: "1000" },
      latency: { type: "string", default: "30" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
    strict: true,
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const { quick } = values;
  const report = await runBench({ people: quick ? 60 : Number(values.people), latencyMs: Number(values.latency), quick });
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else {
    console.log(`${report.people} people, ${report.latencyMs} ms an answer${quick ? " · QUICK: not a measurement" : ""}\n`);
    console.log(goalTable(report.goals));
    for (const { id, note } of report.goals) if (note) console.log(`\n${id}: ${note}`);
  }
  return !quick && report.goals.some((goal) => goal.holds === false) ? 3 : 0;
}
