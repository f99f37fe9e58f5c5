import type { Command } from "commander";
import { EXIT } from "../exit.ts";
import type { Decision } from "../plan/dispositions.ts";
import { type Plan, planMove } from "../plan/plan.ts";
import { bold, moveOf, printJsonWith, printLine, seconds, table, yellow } from "./output.ts";

export function addPlan(program: Command): void {
  program
    .command("plan")
    .description("say what a move would do: people, rows, requests, time, cost; writes nothing")
    .option("--held", "name every held person, with the reason", false)
    .option("--explain", "name what cannot be carried, and why rows stay behind", false)
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", "\nExample:\n  $ rehome plan --held")
    .action(async (options: { held: boolean; explain: boolean; json: boolean }, command: Command) => {
      await planMove(await moveOf(command), async (plan, decisions) => {
        if (options.json) await printJsonWith({ ok: plan.open.length === 0, ...plan, next_step: nextStep(plan) }, "decisions", decisions);
        else printPlan(plan, decisions, options);
        process.exitCode = plan.open.length === 0 ? EXIT.done : EXIT.notHeld;
      });
    });
}

export function nextStep(plan: Plan): string {
  return plan.open.length === 0
    ? "rehome run"
    : `Decide on ${plan.open.length} held users: settle them in Clerk, or accept them by name under users.acceptHeld. See \`rehome plan --held\`.`;
}

const DISPOSITIONS = [
  ["move", "move"],
  ["move_reset_password", "reset"],
  ["hold", "hold"],
  ["exclude", "exclude"],
] as const;

/** The plan as an operator reads it. */
export function printPlan(plan: Plan, decisions: Iterable<Decision>, options: { held: boolean; explain: boolean }): void {
  const rows = plan.tables.reduce((sum, t) => sum + t.rows, 0);
  const staying = plan.tables.reduce((sum, t) => sum + total(t.stays), 0);
  printLine(
    `${bold(plan.name)} · ${plan.users.total.toLocaleString("en-US")} legacy users · ${plan.tables.length} tables, ${rows.toLocaleString("en-US")} rows\n`,
  );
  printLine(
    table([
      [bold("Users"), plan.users.total, ""],
      ...DISPOSITIONS.map(([key, shown]) => [`  ${shown}`, total(plan.users.byDisposition[key]), reasons(plan.users.byDisposition[key])]),
      [bold("Rows"), rows, ""],
      ["  move", rows - staying, ""],
      ["  stay", staying, reasons(merge(plan.tables.map((t) => t.stays)))],
    ]),
  );
  if (plan.auditRows !== null)
    printLine(`  Audit log: ${plan.auditRows.toLocaleString("en-US")} rows stay in the legacy audit database (moved by a later step)`);
  printLine(
    `\n  WorkOS: ${plan.workos.requests.toLocaleString("en-US")} requests (${plan.workos.writes.toLocaleString("en-US")} user-management writes), at least ${seconds(plan.workos.seconds)} under its limits`,
  );
  if (plan.monthlyCost) {
    const { before, after, currency } = plan.monthlyCost;
    printLine(`  Cost: ${before} → ${after} ${currency} a month (${after >= before ? "+" : ""}${after - before})`);
  }
  for (const note of plan.sources.notes) printLine(yellow(`  ${note}`));
  if (options.explain) printExplanation(plan, decisions);
  if (options.held) printHeld(plan, decisions);
  printLine();
  if (plan.open.length > 0) printLine(yellow(`Decide first: ${plan.open.length} held users.`));
  printLine(`Nothing was changed. Next: ${nextStep(plan)}`);
}

function printExplanation(plan: Plan, decisions: Iterable<Decision>): void {
  printLine(`\n${bold("Rows by table")}`);
  printLine(table([["table", "rows", "stay", "why"], ...plan.tables.map((t) => [t.table, t.rows, total(t.stays), reasons(t.stays)])]));
  if (total(plan.users.resetByHasher) > 0) {
    printLine(`\n${bold("Passwords that are reset, by hasher")}`);
    printLine(`  ${reasons(plan.users.resetByHasher)}`);
  }
  printLine(`\n${bold("Cannot be carried, or was found")} (the account goes its way all the same)`);
  let nobody = true;
  for (const { legacyUserId, losses, findings } of decisions) {
    if (losses.length === 0 && findings.length === 0) continue;
    nobody = false;
    printLine(`  ${legacyUserId}  ${losses.join(", ")}`.trimEnd());
    for (const finding of findings) printLine(`    ${finding}`);
  }
  if (nobody) printLine("  nothing");
}

function printHeld(plan: Plan, decisions: Iterable<Decision>): void {
  printLine(`\n${bold("Held")}`);
  const open = new Set(plan.open);
  let nobody = true;
  for (const { legacyUserId, disposition, reason, findings } of decisions) {
    if (disposition !== "hold") continue;
    nobody = false;
    printLine(`  ${legacyUserId}  ${reason}  ${open.has(legacyUserId) ? "open" : "accepted"}`);
    for (const finding of findings) printLine(`    ${finding}`);
  }
  if (nobody) printLine("  nobody");
}

const total = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, n) => sum + n, 0);
const reasons = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, n]) => `${reason.replaceAll("_", " ")} ${n.toLocaleString("en-US")}`)
    .join(" · ");

function merge(all: readonly Record<string, number>[]): Record<string, number> {
  const merged: Record<string, number> = {};
  for (const [reason, n] of all.flatMap(Object.entries<number>)) merged[reason] = (merged[reason] ?? 0) + n;
  return merged;
}
