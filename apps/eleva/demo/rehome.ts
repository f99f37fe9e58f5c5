import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DemoWorld } from "./world.ts";

const CONFIG = fileURLToPath(new URL("../rehome.config.ts", import.meta.url));
const PROGRAM = fileURLToPath(import.meta.resolve("rehome/cli"));

export interface Outcome {
  /** -1 when it was killed. */
  code: number;
  /** The one JSON document of `--json`; empty when it printed none. */
  result: Record<string, unknown>;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  /** Show what the command prints, as a person at a terminal sees it, instead of asking for JSON. */
  show?: boolean;
  /** Ask for what a person reads instead of JSON, and give it as `stdout`. */
  text?: boolean;
  /** Another config than Eleva's. */
  config?: string;
  /** Show progress on our own stderr. */
  progress?: boolean;
  /** Called when the process stands, with the way to kill it (SIGKILL), and to send it another signal. */
  onStart?: (kill: () => void, send: (signal: NodeJS.Signals) => void) => void;
  /** Called with each piece of stderr; may kill the process. */
  onStderr?: (text: string, kill: () => void) => void;
}

/** Runs one `rehome` command line as an operator does: a process of its own, with the environment of the world. */
export async function rehome(
  world: Pick<DemoWorld, "env" | "folder">,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const asJson = options.show || options.text ? [] : ["--json"];
  const child = spawn(process.execPath, [PROGRAM, ...args, "--config", options.config ?? CONFIG, ...asJson], {
    cwd: world.folder,
    // Compiled once for all command lines of a world: half of what a short one takes.
    env: { ...process.env, NODE_COMPILE_CACHE: join(world.folder, "compiled"), ...world.env, ...options.env, NODE_NO_WARNINGS: "1" },
    stdio: ["ignore", options.show ? "inherit" : "pipe", options.show || options.progress ? "inherit" : "pipe"],
  });
  const kill = () => void child.kill("SIGKILL");
  options.onStart?.(kill, (signal) => void child.kill(signal));
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    options.onStderr?.(chunk.toString(), kill);
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exit) => resolve(exit ?? -1));
  });
  return { code, result: parse(stdout), stdout, stderr };
}

function parse(stdout: string): Record<string, unknown> {
  try {
    return JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    return {};
  }
}
