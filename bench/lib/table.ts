import type { Goal } from "./goal.ts";

/** The goals as aligned columns. */
export function goalTable(goals: readonly Goal[]): string {
  const rows = goals.map((goal) => [
    goal.id,
    Object.entries(goal.sides ?? {})
      .map(([name, us]) => `${name} ${us}`)
      .join(" · "),
    `${number(goal.figure)}${unitMark(goal)}`,
    `${number(goal.interval[0])} – ${number(goal.interval[1])}`,
    goal.noise ? `${number(goal.noise.interval[0])} – ${number(goal.noise.interval[1])}` : "",
    goal.goal === null ? "" : `≤ ${goal.goal}${goal.aim ? " (aim)" : ""}`,
    verdict(goal),
  ]);
  const head = ["", "µs", "figure", "95 %", "A/A 95 %", "goal", ""];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(head), ...rows.map(line)].join("\n");
}

function verdict({ holds, resolved }: Goal): string {
  if (holds === null) return "";
  return `${holds ? "holds" : "FALLS SHORT"}${resolved ? "" : ", not resolved"}`;
}

function unitMark({ unit }: Goal): string {
  return unit === "ratio" ? "×" : ` ${unit}`;
}

function number(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
}
