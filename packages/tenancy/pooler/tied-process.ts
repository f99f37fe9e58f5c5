import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import type { Writable } from "node:stream";

export interface TiedProcess {
  /** Ends it and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
}

export interface TiedOptions {
  command: string;
  args: readonly string[];
  /** A folder of its own, removed when it ends. */
  home: string;
  /** What makes it leave at once. */
  signal: "INT" | "TERM";
  /** It has said this on stderr when it can be used. */
  readyWhen: string;
  uid?: number;
  gid?: number;
}

const START_TIMEOUT_MS = 20_000;

// It runs in the background; a reader of pipe 3 waits for the owner's end and stops it; the folder goes last. What the shell says about the
// signal meets a pipe nobody reads any more, which must not end the shell before that.
const WRAPPER =
  'trap "" PIPE; H=$1; S=$2; shift 2; "$@" 3<&- & P=$!; (cat >/dev/null; kill -s "$S" $P 2>/dev/null) <&3 & wait $P; rm -rf "$H" 2>/dev/null';

/**
 * Starts a server process that ends when this process ends, even by SIGKILL.
 *
 * @throws Error with what it said when it is not ready in 20 s or leaves before
 */
export async function startTied({ command, args, home, signal, readyWhen, ...account }: TiedOptions): Promise<TiedProcess> {
  const child = spawn("sh", ["-c", WRAPPER, "sh", home, signal, command, ...args], {
    ...account,
    cwd: "/",
    env: { PATH: process.env["PATH"], TZ: "UTC", LC_ALL: "C" },
    detached: true, // a Ctrl-C for us must not reach it: it ends after us
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  await saying(child, readyWhen, command);
  let stopping: Promise<void> | undefined;
  return {
    stop: () =>
      (stopping ??= (async () => {
        (child.stdio[3] as Writable).end();
        await ended;
        rmSync(home, { recursive: true, force: true });
      })()),
  };
}

function saying(child: ChildProcess, readyWhen: string, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (how: string) => reject(new Error(`${command} ${how}: ${said}`));
    const timer = setTimeout(() => fail("was not ready in time"), START_TIMEOUT_MS);
    child.stderr?.on("data", (chunk: Buffer) => {
      if (said.length < 100_000) said += chunk.toString();
      if (!said.includes(readyWhen)) return;
      clearTimeout(timer);
      resolve();
    });
    child.once("exit", () => {
      clearTimeout(timer);
      fail("ended while starting");
    });
    child.once("error", reject);
  });
}
