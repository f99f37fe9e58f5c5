import { type Command, InvalidArgumentError } from "commander";
import { heldUsers } from "../cutover/gate.ts";
import { EXIT } from "../exit.ts";
import { withConnection } from "../postgres/connect.ts";
import { runUsers, type UserFigures } from "../users/run.ts";
import { undoUsers } from "../users/undo.ts";
import { verifyCohort } from "../verify/run.ts";
import { dryRun } from "./dry-run.ts";
import { bold, moveOf, printJson, printLine, seconds, table, withProgress, yellow } from "./output.ts";
import { printProofs } from "./verify.ts";

interface Options {
  only?: string[];
  remove?: number;
  reconcile: boolean;
  undo: boolean;
  dryRun: boolean;
  json: boolean;
}

export function addUsers(program: Command): void {
  program
    .command("users")
    .description("make WorkOS say of everyone what Clerk says: who moves exists there as Clerk knows them, who no longer moves does not")
    .option("--only <who...>", "a cohort first: legacy ids, addresses, or organizations of Clerk; moves and proves only these people")
    .option("--reconcile", "also repair what somebody changed by hand at WorkOS", false)
    .option("--remove <n>", "remove as many people who no longer move, where that is more than usual", countOf)
    .option("--undo", "remove at WorkOS what this move made, and only that; what changed since is kept, by name", false)
    .option("--dry-run", "say what would be sent; send nothing", false)
    .option("--json", "print one JSON object on stdout and nothing else", false)
    .addHelpText("after", "\nExample:\n  $ rehome users --only ana@example.org user_2abc\n  $ rehome users --json")
    .action(async (options: Options, command: Command) => {
      const config = await moveOf(command);
      const { json } = options;
      if (options.undo) {
        const figures = await withProgress("users", (progress) => undoUsers(config, progress, options.dryRun));
        const next = options.dryRun ? "rehome users --undo" : "rehome users";
        if (json) printJson({ ok: true, dry_run: options.dryRun, ...figures, next_step: next });
        else {
          const verb = options.dryRun ? "Would remove" : "Removed";
          printLine(
            `${verb} ${figures.users} users and ${figures.organizations} organizations, in at least ${seconds(figures.atLeastSeconds)}.`,
          );
          if (figures.kept.length > 0) printLine(`${bold("Kept")}\n${table(figures.kept.map(({ id, what }) => [id, what]))}`);
          printLine(`Next: ${next}`);
        }
        return;
      }
      if (options.dryRun) {
        return dryRun(config, json, (plan, status) => [
          `send about ${plan.workos.requests} requests to WorkOS in about ${seconds(plan.workos.seconds)}`,
          `have ${status?.people.done ?? 0} people there already`,
        ]);
      }
      const { only, remove, reconcile } = options;
      const figures = await withProgress("users", (progress) =>
        runUsers(config, progress, { reconcile, ...(only ? { only } : {}), ...(remove === undefined ? {} : { remove }) }),
      );
      const proof = figures.cohort ? await verifyCohort(config, figures.cohort) : undefined;
      const held = await withConnection(config.target.mover, "target", (target) => heldUsers(target, config));
      const ok = held.length === 0 && (proof?.ok ?? true);
      const next = proof
        ? "rehome users"
        : held.length === 0
          ? "rehome copy"
          : `rehome copy; before the cutover settle ${held.length} held or refused users (rehome plan --held)`;
      if (json) printJson({ ok, ...figures, held, ...(proof ? { proof } : {}), next_step: next });
      else {
        printFigures(figures);
        if (proof) printProofs([proof]);
        if (held.length > 0) printLine(yellow(`${held.length} held or refused users are open.`));
        printLine(`Next: ${next}`);
      }
      process.exitCode = ok ? EXIT.done : EXIT.notHeld;
    });
}

function countOf(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a number.");
  return Number(text);
}

const SHOWN = 50;

/** Each person of whom something changed; people who were created are counted, not listed. */
function printFigures(figures: UserFigures): void {
  const { created, changes, removed, refused, repaired } = figures;
  printLine(`Users: ${figures.workedOn} of ${figures.total} legacy users worked on in ${seconds(figures.seconds)}; ${created} created.`);
  list(
    "Changed",
    changes.map(({ id, what }) => [id, what.join(", ")]),
  );
  list(
    "Removed",
    removed.map(({ id, reason, what }) => [id, reason.replaceAll("_", " "), what.join(", ")]),
  );
  list(
    "Refused",
    refused.map(({ id, code, what }) => [id, code, what]),
  );
  list(
    "Repaired",
    repaired.map(({ id, what }) => [id, what.join(", ")]),
  );
}

function list(title: string, rows: string[][]): void {
  if (rows.length === 0) return;
  printLine(`${bold(title)} ${rows.length}\n${table(rows.slice(0, SHOWN))}`);
  if (rows.length > SHOWN) printLine(`  and ${rows.length - SHOWN} more: see --json, or table rehome.person_change`);
}
