import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { spawnWorkosTwin } from "./spawn.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const SPAWN = new URL("spawn.ts", import.meta.url).href;

test("a spawned twin answers, and is gone after stop", async () => {
  const twin = await spawnWorkosTwin({ clientId: "client_1" });
  expect(twin).toMatchObject({ service: "workos", clientId: "client_1", apiKey: expect.stringMatching(/^sk_test_/) });
  expect((await fetch(`${twin.url}/sso/jwks/client_1`)).status).toBe(200);

  await twin.stop();
  await expect(fetch(`${twin.url}/sso/jwks/client_1`)).rejects.toThrow();
});

test("a twin does not outlive its owner, not even one killed with SIGKILL", async () => {
  const script = `const { spawnWorkosTwin } = await import(${JSON.stringify(SPAWN)}); const t = await spawnWorkosTwin(); console.log(t.pid); setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const pid = await new Promise<number>((resolve) =>
    createInterface({ input: owner.stdout }).once("line", (line) => resolve(Number(line))),
  );
  expect(runs(pid)).toBe(true);

  owner.kill("SIGKILL");

  await expect.poll(() => runs(pid), { timeout: 5_000 }).toBe(false);
});

test("a twin does not keep its owner alive", async () => {
  const script = `const { spawnWorkosTwin } = await import(${JSON.stringify(SPAWN)}); await spawnWorkosTwin();`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  const code = await new Promise((resolve) => owner.once("exit", resolve));
  expect(code).toBe(0);
});

test("an unknown option ends it with a sentence and exit code 1", async () => {
  const child = spawn(process.execPath, [MAIN], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdin.write('{"speed":3}\n');
  const code = await new Promise((resolve) => child.once("close", resolve));

  expect(code).toBe(1);
  expect(said).toMatch(/no option speed[\s\S]*Next:/);
});

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
