import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitOf } from "./exit.ts";
import { accepts, portsOf, processTree, runs } from "./testing/processes.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const PROOFS = ["plan", "users", "rows", "references", "records", "answers", "sign-in", "isolation", "rerun", "way-back"];

/** The temporary folder of all that these tests start: what is in it afterwards was left behind. */
let temp: string;
beforeEach(() => {
  temp = mkdtempSync(join(tmpdir(), "demo-test-"));
  chmodSync(temp, 0o755); // root's Postgres runs as somebody else
});
afterEach(() => rmSync(temp, { recursive: true, force: true }));

/** Node's own cache of compiled code stays by design; it holds no data of ours. */
const leftBehind = (): string[] => readdirSync(temp).filter((name) => name !== "node-compile-cache");

test("ten people are moved, every proof holds, and stdout is one JSON object", { timeout: 180_000 }, async () => {
  const { code, stdout, stderr } = await ended(demo(["--users", "10", "--exit", "--json"]));
  expect(code, stderr).toBe(0);
  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  const result = JSON.parse(stdout) as Record<string, unknown> & { proofs: Record<string, unknown>[] };
  expect(result).toMatchObject({ ok: true, users: { total: 10 }, rows: { meetings: { left_behind: 0 } }, seconds: expect.any(Number) });
  expect(result.proofs.map((proof) => proof["name"])).toEqual(PROOFS);
  for (const proof of result.proofs) {
    expect(proof, String(proof["name"])).toMatchObject({ ok: true, offenders: [], figure: expect.any(String) });
    expect(proof["expected"], String(proof["name"])).toBeGreaterThan(0);
    expect(proof["checked"], String(proof["name"])).toBe(proof["expected"]);
  }
  expect(leftBehind()).toEqual([]);
});

test("one proof that does not hold makes it exit 3", () => {
  const proof = { name: "any", checked: 1, expected: 1, figure: "", offenders: [] };
  expect(exitOf([{ ...proof, ok: true }])).toBe(0);
  expect(
    exitOf([
      { ...proof, ok: true },
      { ...proof, ok: false },
    ]),
  ).toBe(3);
  expect(exitOf([])).toBe(3);
});

describe("wrong usage exits 2 and starts nothing", () => {
  test.each([[["--users", "9"]], [["--seed", "1.5"]], [["--quick"]]])("%j", async (args) => {
    const { code, stdout, stderr } = await ended(demo(args));
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^Error: .+\n\nnpm run demo -- /);
    expect(leftBehind()).toEqual([]);
  });
});

// A person's Ctrl-C reaches every process of the terminal; a supervisor's signal reaches only ours.
test.each([
  ["while the world starts", "Starting", "ours"],
  ["while a command runs", "── rehome run", "ours"],
  ["at a terminal while a command runs", "── rehome plan", "all"],
] as const)("SIGINT %s leaves no process, port or file", { timeout: 120_000 }, async (_when, moment, whom) => {
  const child = demo(["--users", "10", "--exit"]);
  const ending = ended(child);
  await said(child, moment);
  const pids = processTree(child.pid as number);
  const ports = portsOf(pids);
  expect(pids.length).toBeGreaterThan(1);
  if (moment !== "Starting") expect(ports.length).toBeGreaterThanOrEqual(4);
  process.kill(whom === "all" ? -(child.pid as number) : (child.pid as number), "SIGINT");
  const { code, stderr } = await ending;
  expect(code).toBe(130);
  expect(stderr).not.toMatch(/Error|at file:/);
  await expect.poll(() => pids.filter(runs), { timeout: 10_000 }).toEqual([]);
  for (const port of ports) expect(await accepts(port), `port ${port}`).toBe(false);
  expect(leftBehind()).toEqual([]);
});

function demo(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, TMPDIR: temp, MAX_FREEZE_MS: "60000" }, // the machine of a test may be busy
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a process group of its own, as at a terminal
  });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr };
}

/** Waits until the demo has begun a step. */
function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let all = "";
    child.once("close", () => reject(new Error(`The demo ended before it said ${text}`)));
    child.stdout?.on("data", (chunk: Buffer) => {
      all += chunk.toString();
      if (all.includes(text)) setTimeout(resolve, 1_500); // into the step
    });
  });
}
