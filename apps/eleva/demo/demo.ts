import { legacyWrites } from "@rehome/eleva-legacy";
import { createDatabase } from "@rehome/sandbox";
import pg from "pg";
import type { Proof } from "rehome";
import { exitOf } from "./exit.ts";
import { proveAnswers } from "./proofs/answers.ts";
import { proveElevaIsolation } from "./proofs/isolation.ts";
import { provePlan } from "./proofs/plan.ts";
import { fingerprint, proveRerun } from "./proofs/rerun.ts";
import { proveSignIn } from "./proofs/sign-in.ts";
import { proveWayBack } from "./proofs/way-back.ts";
import { workosOf, writesSeen } from "./proofs/workos.ts";
import { type Outcome, rehome } from "./rehome.ts";
import { movedAndWritten } from "./target-writes.ts";
import type { DemoWorld } from "./world.ts";

export interface DemoResult {
  ok: boolean;
  users: Record<string, unknown>;
  rows: Record<string, unknown>;
  proofs: Proof[];
  /** Milliseconds in which writes were refused. */
  freezeMs: { cutover: number; rollback: number };
}

export interface DemoOutput {
  say(line?: string): void;
  json: boolean;
  /** Kills the command that runs, when it is aborted. */
  signal: AbortSignal;
}

/** The whole move as an operator makes it, with every proof: plan, run, cutover, product writes, rollback, run again, cutover again. */
export async function runDemo(world: DemoWorld, { say, json, signal }: DemoOutput): Promise<DemoResult> {
  const { sandbox, eleva } = world;
  const proofs: Proof[] = [];
  const note = (proof: Proof): void => {
    proofs.push(proof);
    say(`  ${proof.ok ? "holds" : "OPEN "}  ${proof.name.padEnd(11)} ${proof.figure}`);
    for (const offender of proof.offenders) say(`           ${offender}`);
  };
  const heading = (text: string): void => say(`\n── ${text} ${"─".repeat(Math.max(0, 76 - text.length))}`);
  const onStart = (kill: () => void): void => (signal.aborted ? kill() : signal.addEventListener("abort", kill, { once: true }));
  const run = async (args: string[], env: Record<string, string>, accept: number[] = [0]): Promise<Outcome> => {
    signal.throwIfAborted(); // what was killed must not be followed by the next
    const outcome = await rehome(world, args, { env, progress: !json, onStart });
    if (accept.includes(outcome.code)) return outcome;
    throw new Error(`rehome ${args[0]} ended with ${outcome.code}: ${JSON.stringify(outcome.result)} ${outcome.stderr}`);
  };

  heading("rehome plan");
  if (!json) await rehome(world, ["plan"], { show: true, onStart });
  const plan = await run(["plan"], {}, [0, 3]);
  note(provePlan(plan.result, eleva));

  // What an operator does after reading the plan: accept by name whoever stays held.
  const held = Object.entries(eleva.answers.people).filter(([, person]) => person.disposition === "hold");
  const env = { ACCEPT_HELD: held.map(([id]) => id).join(",") };
  heading(`rehome run (${held.length} held people accepted by name)`);
  const first = await run(["run"], env, [0, 3]);
  for (const proof of first.result["verify"] ? (first.result["verify"] as { proofs: Proof[] }).proofs : []) note(proof);

  const target = await connect(sandbox.target.url("target", "rehome_mover", new URL(world.env["TARGET_MOVER_URL"] ?? "").password));
  try {
    await target.query("set rehome.apply = 'on'");
    const workos = workosOf(sandbox.workos);
    heading("proofs that ask as the people");
    note(await proveAnswers(target, workos, eleva.answers));
    const keepPassword = Object.entries(eleva.answers.people).filter(
      ([, person]) => person.disposition === "move" && person.reason.startsWith("password"),
    );
    note(
      await proveSignIn(
        workos,
        sandbox.workos.clientId,
        eleva,
        keepPassword.map(([id]) => id),
      ),
    );
    note(await proveElevaIsolation(target, world.env["DATABASE_URL"] ?? "", sandbox.workos));

    heading("rehome run again");
    const before = await fingerprint(target, await writesSeen(sandbox.workos));
    await run(["run"], env, [0, 3]);
    note(proveRerun(before, await fingerprint(target, await writesSeen(sandbox.workos))));

    heading("rehome cutover");
    const live = await productWrites(world, 40);
    const cutover = await run(["cutover"], env);
    say(`  ${live} statements of the product reached legacy since the copy, and the target with it.`);
    say(`  The product runs on the target. Writes were refused for ${cutover.result["freezeMs"]} ms.`);

    heading("the product writes on the target, then rehome rollback");
    await copyOfLegacy(sandbox.legacy.url("postgres"));
    const replayed = await connect(sandbox.legacy.url("legacy_replayed", "eleva_app"));
    const writes = await movedAndWritten(world, target, replayed).finally(() => replayed.end());
    const rollback = await run(["rollback"], env);
    say(
      `  ${writes} writes were made, ${rollback.result["carriedBack"]} changes carried back. Writes were refused for ${rollback.result["freezeMs"]} ms.`,
    );
    note(await compareLegacy(world, writes));

    heading("rehome run and rehome cutover, for good");
    await run(["run"], env, [0, 3]);
    const last = await run(["cutover"], env);
    await run(["report"], env);
    say(`  The product runs on the target. Writes were refused for ${last.result["freezeMs"]} ms.`);
    return {
      ok: exitOf(proofs) === 0,
      users: (plan.result["users"] ?? {}) as Record<string, unknown>,
      rows: rowsOf(first.result),
      proofs,
      freezeMs: { cutover: Number(cutover.result["freezeMs"]), rollback: Number(rollback.result["freezeMs"]) },
    };
  } finally {
    await target.end();
  }
}

function rowsOf(run: Record<string, unknown>): Record<string, unknown> {
  const { tables } = (run["verify"] ?? {}) as { tables?: { table: string; legacyRows: number; leftBehind: number; targetRows: number }[] };
  return Object.fromEntries(
    (tables ?? []).map(({ table, legacyRows, leftBehind, targetRows }) => [
      table,
      { legacy: legacyRows, moved: targetRows, left_behind: leftBehind },
    ]),
  );
}

/** Bookings, payments, notes: what the product goes on doing on legacy until the cutover. */
async function productWrites(world: DemoWorld, acts: number): Promise<number> {
  const product = await connect(world.sandbox.legacy.url("legacy", "eleva_app"));
  try {
    return (await legacyWrites(product, world.eleva, "before cutover", acts)).length;
  } finally {
    await product.end();
  }
}

/** Legacy as it is at this moment, beside itself: what the way back is compared with. */
async function copyOfLegacy(serverUrl: string): Promise<void> {
  await createDatabase(serverUrl, "legacy_replayed", "legacy");
  const replayed = await connect(serverUrl.replace(/\/postgres$/, "/legacy_replayed"));
  try {
    // The copy is the product as it was before anybody followed its changes.
    await replayed.query("drop schema rehome cascade");
  } finally {
    await replayed.end();
  }
}

async function compareLegacy(world: DemoWorld, writes: number): Promise<Proof> {
  const legacy = await connect(world.sandbox.legacy.url("legacy"));
  const replayed = await connect(world.sandbox.legacy.url("legacy_replayed"));
  try {
    return await proveWayBack(legacy, replayed, writes);
  } finally {
    await Promise.all([legacy.end(), replayed.end()]);
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {}); // a broken connection surfaces in the next query
  await client.connect();
  return client;
}
