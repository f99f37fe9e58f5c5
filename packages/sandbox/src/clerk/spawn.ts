import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ClerkTwin, ClerkTwinOptions } from "./twin.ts";

const START_TIMEOUT_MS = 30_000;

/**
 * Starts the Clerk twin as a process of its own. It ends with `stop`, and with this process however that ends: its stdin closes.
 *
 * @throws Error with what it said, when it does not start within 30 s
 */
export async function spawnClerkTwin(options: ClerkTwinOptions = {}): Promise<ClerkTwin> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("main.ts", import.meta.url))], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (said.length < 10_000) said += chunk.toString();
  });
  child.stdin.on("error", () => {}); // it ended first; `ended` tells
  const ready = new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`The Clerk twin was not ready after ${START_TIMEOUT_MS} ms: ${said}`)),
      START_TIMEOUT_MS,
    );
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`The Clerk twin ended while starting: ${said}`)));
    ended.then(() => clearTimeout(timer));
    child.stdout.once("data", () => clearTimeout(timer));
  });
  child.stdin.write(`${JSON.stringify(options)}\n`);
  const told = await ready.catch((error: unknown) => {
    child.kill();
    throw error;
  });
  const { port, secretKey, publishableKey, adminToken, jwtKey } = JSON.parse(told) as Omit<ClerkTwin, "url" | "stop">;
  // Do not keep our own process alive for the twin's sake.
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as { unref?(): void }).unref?.();
  let stopping: Promise<void> | undefined;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    secretKey,
    publishableKey,
    jwtKey,
    adminToken,
    stop: () =>
      (stopping ??= (async () => {
        child.ref();
        child.stdin.end();
        await ended;
      })()),
  };
}
