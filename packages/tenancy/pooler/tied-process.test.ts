import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startTied } from "./tied-process.ts";

const home = () => mkdtempSync(join(tmpdir(), "rehome-tied-"));
/** A server that does nothing. */
const idle = (folder: string) => ({
  command: "sh",
  args: ["-c", "echo ready >&2; exec sleep 300"],
  home: folder,
  signal: "TERM" as const,
  readyWhen: "ready",
});

async function gone(folder: string): Promise<boolean> {
  for (let i = 0; i < 100 && existsSync(folder); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  return !existsSync(folder);
}

test("stopping ends it and removes its folder", async () => {
  const folder = home();
  const server = await startTied(idle(folder));
  expect(existsSync(folder)).toBe(true);
  await server.stop();
  expect(existsSync(folder)).toBe(false);
});

test("it ends when its owner is killed with SIGKILL", async () => {
  const folder = home();
  const program = `
    import { startTied } from ${JSON.stringify(new URL("./tied-process.ts", import.meta.url).href)};
    await startTied(${JSON.stringify(idle(folder))});
    console.log("started");
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
  await once(owner.stdout, "data");
  expect(existsSync(folder)).toBe(true);
  owner.kill("SIGKILL");
  expect(await gone(folder)).toBe(true); // the wrapper removes it after the server has ended
});

test("a server that leaves while starting says what it said", async () => {
  const broken = { ...idle(home()), args: ["-c", "echo no port >&2; exit 1"] };
  await expect(startTied(broken)).rejects.toThrow(/ended while starting: no port/);
});
