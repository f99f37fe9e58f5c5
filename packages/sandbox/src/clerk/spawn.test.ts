import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createClerkClient } from "@clerk/backend";
import { expect, test } from "vitest";
import { spawnClerkTwin } from "./spawn.ts";

const answers = (url: string) =>
  fetch(`${url}/v1/jwks`).then(
    () => true,
    () => false,
  );

test("a twin in a process of its own takes options, serves the official SDK, and stops", async () => {
  const twin = await spawnClerkTwin({ secretKey: "sk_test_chosen" });
  const clerk = createClerkClient({ secretKey: "sk_test_chosen", apiUrl: twin.url, telemetry: { disabled: true } });

  expect(await clerk.users.getCount()).toBe(0);
  await twin.stop();
  await twin.stop();
  expect(await answers(twin.url)).toBe(false);
});

test("the process ends when its stdin ends", async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("main.ts", import.meta.url))], { stdio: ["pipe", "pipe", "inherit"] });
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.stdin.write("\n");
  const [line] = await new Promise<string[]>((resolve) => createInterface({ input: child.stdout }).once("line", (text) => resolve([text])));
  const told = JSON.parse(line ?? "") as { service: string; port: number; publishableKey: string };

  expect(told).toMatchObject({ service: "clerk", publishableKey: `pk_test_${Buffer.from(`127.0.0.1:${told.port}$`).toString("base64")}` });
  child.stdin.end();
  expect(await exit).toBe(0);
});

test("options that are not JSON are an error, not a twin", async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("main.ts", import.meta.url))], { stdio: ["pipe", "ignore", "pipe"] });
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  child.stdin.write("{nonsense\n");

  expect(await exit).toBe(1);
  expect(said).toMatch(/^The Clerk twin did not start: /);
});
