import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const START_TIMEOUT_MS = 30_000;

interface TwinProcess<Address> {
  address: Address;
  /** For tests that kill it. */
  pid: number;
  /** Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Runs a twin as a process: reads options as one line of JSON, answers one line of JSON, and ends with its stdin.
 *
 * @param name how the twin is called in sentences, for example `Clerk`
 */
export function runTwin<Options>(name: string, start: (options: Options) => Promise<object>): void {
  const input = createInterface({ input: process.stdin });
  // The owner holds the other end: when it dies, even by SIGKILL, the twin goes too.
  input.once("close", () => process.exit(0));
  input.once("line", async (line) => {
    try {
      const address = await start((line.trim() === "" ? {} : JSON.parse(line)) as Options);
      process.stdout.write(`${JSON.stringify(address)}\n`);
    } catch (error) {
      // The parser's own message would quote the line.
      const reason = error instanceof SyntaxError ? "The first line of stdin is not JSON." : (error as Error).message;
      process.stderr.write(`The ${name} twin did not start: ${reason}\nNext: write one line of JSON options, for example {}.\n`);
      process.exit(1);
    }
  });
}

/**
 * Starts a twin as a process of its own, which ends when this one does, however that happens, and does not keep this one alive.
 *
 * @param main the module that calls `runTwin`
 * @throws Error with what it said, when it ends while starting or is not ready after 30 s
 */
export async function spawnTwin<Address>(name: string, main: URL, options: object): Promise<TwinProcess<Address>> {
  // A group of its own: Ctrl-C ends the owner, who may still need the twin to clean up.
  const child = spawn(process.execPath, [fileURLToPath(main)], { stdio: ["pipe", "pipe", "pipe"], detached: true });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let said = "";
  let ready = false;
  child.stderr.on("data", (chunk: Buffer) => {
    if (ready) process.stderr.write(chunk);
    else said += chunk.toString();
  });
  child.stdin.on("error", () => {}); // it may be gone before the line is written; its exit says so
  child.stdin.write(`${JSON.stringify(options)}\n`);
  const told = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`The ${name} twin was not ready after ${START_TIMEOUT_MS} ms. ${said}`));
    }, START_TIMEOUT_MS);
    createInterface({ input: child.stdout }).once("line", (line) => {
      clearTimeout(timer);
      resolve(line);
    });
    child.once("error", reject);
    child.once("close", () => {
      clearTimeout(timer);
      reject(new Error(`The ${name} twin ended while starting. ${said}`));
    });
  });
  ready = true;
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as unknown as { unref?(): void }).unref?.();
  return {
    address: JSON.parse(told) as Address,
    pid: child.pid ?? 0,
    stop: async () => {
      child.ref();
      child.stdin.end();
      await ended;
    },
  };
}
