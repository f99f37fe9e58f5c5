import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { WorkosTwinOptions } from "./options.ts";
import type { WorkosTwin, WorkosTwinAddress } from "./twin.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const START_TIMEOUT_MS = 20_000;

/** A twin in a process of its own; `pid` is for tests that kill it. */
interface SpawnedWorkosTwin extends WorkosTwin {
  pid: number;
}

/**
 * Starts the WorkOS twin as a process of its own, which ends when this one does, however that happens.
 *
 * The child does not keep this process alive.
 *
 * @throws Error when it is not ready after 20 s; what it wrote to stderr stands above
 */
export async function spawnWorkosTwin(options: WorkosTwinOptions = {}): Promise<SpawnedWorkosTwin> {
  const child = spawn(process.execPath, [MAIN], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.stdin.on("error", () => {}); // the child may be gone before the line is written; its exit says so
  child.stdin.write(`${JSON.stringify(options)}\n`);
  const lines = createInterface({ input: child.stdout });
  const address = await new Promise<WorkosTwinAddress>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`The WorkOS twin was not ready after ${START_TIMEOUT_MS} ms.`));
    }, START_TIMEOUT_MS);
    lines.once("line", (line) => resolve(JSON.parse(line) as WorkosTwinAddress));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`The WorkOS twin ended with exit code ${code} while starting.`)));
    void ended.then(() => clearTimeout(timer));
    lines.once("line", () => clearTimeout(timer));
  });
  child.unref();
  for (const pipe of [child.stdin, child.stdout]) (pipe as unknown as { unref?(): void }).unref?.();
  return {
    ...address,
    pid: child.pid ?? 0,
    stop: async () => {
      child.ref();
      child.stdin.end();
      await ended;
    },
  };
}
