import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { DemoResult } from "./demo.ts";
import { exitOf } from "./exit.ts";
import type { DemoWorld } from "./world.ts";

const USAGE = `npm run demo -- [--users N] [--seed S] [--exit] [--json]

  --users N   how many people Eleva Care has (default 300, at least 10)
  --seed S    which world is made (default 1)
  --exit      end when the move is done, instead of staying up
  --json      print one JSON object on stdout and nothing else; implies --exit`;

const INTERRUPTED = 130;

const options = readOptions();
// After the options, because they take two seconds to load: a mistake in the command is told at once.
const [{ runDemo }, { startWorld }] = await Promise.all([import("./demo.ts"), import("./world.ts")]);
const startedAt = performance.now();
const say = options.json ? () => {} : (line = "") => void process.stdout.write(`${line}\n`);

// Listened for before anything starts: a world that is half there must be taken down too.
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => interruption.abort());

say(
  `\nRehome moves Eleva Care: ${options.users} people, seed ${options.seed}.\nStarting two Postgres servers and the twins of Clerk and WorkOS, and seeding the product as it was …`,
);
const world = await startWorld({ users: options.users, seed: options.seed }).catch((error: unknown) => {
  if (interruption.signal.aborted) process.exit(INTERRUPTED);
  throw error;
});
try {
  interruption.signal.throwIfAborted();
  say(`The world stands after ${seconds(startedAt)}.`);
  finish(await orInterrupted(runDemo(world, { say, json: options.json, signal: interruption.signal })));
  if (!options.exit) await stayUp(world);
} catch (error) {
  if (!interruption.signal.aborted) throw error;
} finally {
  await world.stop();
}
if (interruption.signal.aborted) process.exit(INTERRUPTED);

/** Gives up waiting at Ctrl-C; what was under way ends with the servers. */
function orInterrupted<T>(work: Promise<T>): Promise<T> {
  const { signal } = interruption;
  return Promise.race([
    work,
    new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true })),
  ]);
}

function finish(result: DemoResult): void {
  const took = Math.round((performance.now() - startedAt) / 100) / 10;
  if (options.json) process.stdout.write(`${JSON.stringify({ ...result, seconds: took })}\n`);
  else {
    say(`\n${proofTable(result)}`);
    say(`\n${result.ok ? "Every proof holds" : "A proof does not hold"}, ${took} s in all.`);
  }
  process.exitCode = exitOf(result.proofs);
}

/** What was proved, over how much, and how long writes were refused. */
function proofTable({ proofs, freezeMs }: DemoResult): string {
  const rows = proofs.map((proof) => [
    proof.name,
    proof.ok ? "holds" : "OPEN",
    proof.checked.toLocaleString("en-US"),
    proof.expected.toLocaleString("en-US"),
  ]);
  const lines = [["proof", "", "examined", "of"], ...rows].map(
    ([name = "", holds = "", checked = "", expected = ""]) =>
      `  ${name.padEnd(12)} ${holds.padEnd(6)} ${checked.padStart(9)} ${expected.padStart(9)}`,
  );
  return [...lines, `  writes refused: ${freezeMs.cutover} ms at the cutover, ${freezeMs.rollback} ms at the rollback`].join("\n");
}

/** The environment of the move as a file, so that `rehome` can be tried on this world from another terminal. */
function writeEnvironment({ env, folder }: DemoWorld): string {
  const file = join(folder, "rehome.env");
  writeFileSync(
    file,
    Object.entries(env)
      .map(([name, value]) => `${name}='${value.replaceAll("'", "'\\''")}'\n`)
      .join(""),
    { mode: 0o600 },
  );
  return file;
}

/** Waits for Ctrl-C; the servers do not hold this process. */
async function stayUp(world: DemoWorld): Promise<void> {
  const { sandbox, folder } = world;
  say(`
The world stays up. Look around:
  legacy   psql ${sandbox.legacy.url("legacy")}
  target   psql ${sandbox.target.url("target")}
  Clerk    ${sandbox.clerk.url}
  WorkOS   ${sandbox.workos.url}
  report   ${folder}/rehome-report.html
Try the other verbs from a second terminal, in this folder:
  set -a; . ${writeEnvironment(world)}; set +a
  npm run rehome -- status -c apps/eleva/rehome.config.ts
Ctrl-C ends all of it.`);
  const held = setInterval(() => {}, 1 << 30);
  await orInterrupted(new Promise<never>(() => {})).finally(() => clearInterval(held));
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function readOptions(): { users: number; seed: number; exit: boolean; json: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        users: { type: "string", default: "300" },
        seed: { type: "string", default: "1" },
        exit: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(`${USAGE}\n`);
      process.exit(0);
    }
    const [users, seed] = [Number(values.users), Number(values.seed)];
    if (!Number.isInteger(users) || users < 10) throw new Error("--users takes a whole number from 10");
    if (!Number.isInteger(seed)) throw new Error("--seed takes a whole number");
    return { users, seed, exit: values.exit || values.json, json: values.json };
  } catch (error) {
    process.stderr.write(`Error: ${error instanceof Error ? error.message : error}\n\n${USAGE}\n`);
    process.exit(2);
  }
}
