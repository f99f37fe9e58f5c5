import { progressBar } from "../lib/progress.ts";
import { goalTable } from "../lib/table.ts";
import { readFlags, USAGE } from "./flags.ts";
import { type Report, runBench } from "./run.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const flags = readFlags(args);
  if (typeof flags === "string") {
    console.error(`${flags}\n\n${USAGE}`);
    return 2;
  }
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  const progress = progressBar();
  const report = await runBench({ quick: flags.quick, progress, ...(flags.only && { only: flags.only }) });
  progress.end();
  if (flags.json) console.log(JSON.stringify(report, null, 2));
  else printReport(report);
  return report.goals.some((goal) => goal.holds === false && goal.resolved && !goal.aim) ? 3 : 0;
}

function printReport(report: Report): void {
  const { machine, size, effort, goals, quick } = report;
  console.log(
    `Postgres ${machine.postgres} · Node ${machine.node} · ${machine.cpu}, ${machine.cores} cores, load ${machine.load.map((x) => x.toFixed(1)).join(" ")}`,
  );
  console.log(
    `${size.meetings.toLocaleString("en")} meetings, ${size.organizations.toLocaleString("en")} organizations · ${effort.rounds} rounds of ${effort.samples}${quick ? " · QUICK: not a measurement" : ""}\n`,
  );
  console.log(goalTable(goals));
  for (const { id, note } of goals) if (note) console.log(`\n${id}: ${note}`);
  const asked = goals.filter((goal) => goal.holds !== null && !goal.aim);
  console.log(
    `\n${asked.filter((goal) => goal.holds).length} of ${asked.length} goals hold · ${asked.filter((goal) => !goal.resolved).length} not resolved · ${report.seconds} s`,
  );
}
