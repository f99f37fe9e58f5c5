import type { Command } from "commander";
import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import { EXIT } from "../exit.ts";
import { readMove } from "../ledger/ledger.ts";
import { type OpenPerson, readHeld } from "../ledger/resolutions.ts";
import type { Decision } from "../plan/dispositions.ts";
import { type Plan, planMove } from "../plan/plan.ts";
import { withConnection } from "../postgres/connect.ts";
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
      const config = await moveOf(command);
      await planMove(config, async (made, decisions) => {
        const known = await heldByLedger(config);
        const plan = withDecisions(made, known);
        const said = { ok: plan.open.length === 0, ...plan, refused: known.filter(isRefused), next_step: nextStep(plan) };
        if (options.json) await printJsonWith(said, "decisions", decisions);
        else printPlan(plan, decisions, options, known);
        process.exitCode = plan.open.length === 0 ? EXIT.done : EXIT.notHeld;
      });
    });
}

const isRefused = (person: OpenPerson): boolean => person.disposition === "refused";

/** Whom the ledger knows as held or refused, with who decided. Nobody before the first `rehome users`, or where the target cannot be asked. */
async function heldByLedger(config: MoveConfig): Promise<OpenPerson[]> {
  try {
    return await withConnection(config.target.mover, "target", async (target) => {
      await readMove(target);
      return readHeld(target, config.users.accept);
    });
  } catch (error) {
    if (error instanceof MoveError) return [];
    throw error;
  }
}

/** Open are those whom nobody settled: held by this plan, or refused when they were last tried. */
function withDecisions(plan: Plan, known: readonly OpenPerson[]): Plan {
  const settled = new Set(known.filter((person) => person.decidedBy !== null).map((person) => person.id));
  const refused = known.filter((person) => isRefused(person) && person.decidedBy === null).map((person) => person.id);
  return { ...plan, open: [...new Set([...plan.open.filter((id) => !settled.has(id)), ...refused])] };
}

export function nextStep(plan: Plan): string {
  return plan.open.length === 0
    ? "rehome run"
    : `Decide on ${plan.open.length} held users: settle them in Clerk, or by name with \`rehome resolve\` or users.accept. See \`rehome plan --held\`.`;
}

const DISPOSITIONS = [
  ["move", "move"],
  ["move_reset_password", "reset"],
  ["hold", "hold"],
  ["exclude", "exclude"],
] as const;

/** The plan as an operator reads it. */
export function printPlan(
  plan: Plan,
  decisions: Iterable<Decision>,
  options: { held: boolean; explain: boolean },
  known: readonly OpenPerson[] = [],
): void {
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
  const { people: practices, conflicts } = plan.practices;
  const moving = total(plan.users.byDisposition.move) + total(plan.users.byDisposition.move_reset_password);
  printLine(
    `\n  Organizations: ${moving.toLocaleString("en-US")} homes, ${practices.toLocaleString("en-US")} practices${conflicts.length > 0 ? `; of ${conflicts.length.toLocaleString("en-US")} people legacy says something else (rehome plan --explain)` : ""}`,
  );
  if (plan.unfenced.length > 0)
    printLine(yellow(`  Not fenced at the switch: ${plan.unfenced.join(", ")} (the mover's role is no member of their owner)`));
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
  if (options.held) printHeld(plan, decisions, known);
  printLine();
  if (plan.open.length > 0) printLine(yellow(`Decide first: ${plan.open.length} held users.`));
  printLine(`Nothing was changed. Next: ${nextStep(plan)}`);
}

function printExplanation(plan: Plan, decisions: Iterable<Decision>): void {
  printLine(`\n${bold("Rows by table")}`);
  printLine(table([["table", "rows", "stay", "why"], ...plan.tables.map((t) => [t.table, t.rows, total(t.stays), reasons(t.stays)])]));
  printLine(
    `\n${bold("Practices")} (who works in the product by role or by its rows, not by both; rows of one without a practice lie in the home)`,
  );
  const { conflicts } = plan.practices;
  printLine(
    conflicts.length === 0
      ? "  no contradiction"
      : table(
          conflicts.map(({ legacyUserId, practice, has, lacks }) => [
            legacyUserId,
            practice ? "practice" : "home only",
            practice ? `lacks ${signs(lacks)}` : `has ${signs(has)}`,
          ]),
        ),
  );
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

function printHeld(plan: Plan, decisions: Iterable<Decision>, known: readonly OpenPerson[]): void {
  const settledBy = new Map(known.map((person) => [person.id, person.decidedBy && `settled by ${person.decidedBy}: ${person.because}`]));
  const open = new Set(plan.open);
  const stateOf = (id: string) => settledBy.get(id) ?? (open.has(id) ? "open" : "accepted");
  const refused = known.filter(isRefused);
  printLine(`\n${bold("Held")}`);
  let nobody = true;
  for (const { legacyUserId, disposition, reason, findings } of decisions) {
    if (disposition !== "hold") continue;
    nobody = false;
    printLine(`  ${legacyUserId}  ${reason}  ${stateOf(legacyUserId)}`);
    for (const finding of findings) printLine(`    ${finding}`);
  }
  if (nobody) printLine("  nobody");
  printLine(`\n${bold("Refused")} when they were last tried`);
  printLine(refused.length === 0 ? "  nobody" : table(refused.map(({ id, reason, what }) => [id, reason, stateOf(id), what ?? ""])));
}

const signs = (names: readonly string[]): string => names.map((name) => name.replaceAll("_", " ")).join(", ");
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
