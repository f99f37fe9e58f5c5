import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { WorkOS } from "@workos-inc/node";
import pg from "pg";
import { expect, test } from "vitest";
import { startPostgres } from "./postgres/start.ts";
import { startSandbox } from "./sandbox.ts";

async function databases(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    "select datname as name from pg_database where not datistemplate and datname <> 'postgres' order by 1",
  );
  await client.end();
  return rows.map((row) => row.name);
}

const answers = (url: string) =>
  fetch(url).then(
    () => true,
    () => false,
  );

// Each starts several processes, which takes its time on a busy machine.
const LONG = { timeout: 120_000 };

test("servers given by URL are used, get the four databases, and go on when the sandbox stops", LONG, async () => {
  const own = await startPostgres();
  const sandbox = await startSandbox({ servers: { legacy: own.url("postgres"), target: own.url("postgres") }, mail: true });
  expect(await databases(own.url("postgres"))).toEqual(["audit", "legacy", "legacy_audit", "target"]);
  expect(sandbox.legacy.url("legacy", "eleva_app", "x y")).toBe(`postgresql://eleva_app:x%20y@127.0.0.1:${own.port}/legacy`);
  expect([await answers(sandbox.clerk.url), await answers(sandbox.workos.url)]).toEqual([true, true]);
  const { hostname: apiHostname, port } = new URL(sandbox.workos.url);
  const sdk = new WorkOS(sandbox.workos.apiKey, { clientId: sandbox.workos.clientId, apiHostname, port: Number(port), https: false });
  await sdk.userManagement.createMagicAuth({ email: "ana@example.com" });
  expect(await sandbox.mail?.waitForMail("ana@example.com", { timeoutMs: 30_000 })).toMatchObject({ subject: "Your sign-in code" });
  await sandbox.stop();
  expect([await answers(sandbox.clerk.url), await answers(sandbox.workos.url)]).toEqual([false, false]);
  expect(await databases(own.url("postgres"))).toHaveLength(4);
  await own.stop();
});

test("a server that does not answer leaves nothing running", LONG, async () => {
  const before = children();
  await expect(startSandbox({ servers: { legacy: "postgresql://postgres@127.0.0.1:1/postgres" } })).rejects.toThrow();
  expect(children()).toEqual(before);
});

/** Processes that this one started and that still run. */
function children(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1] === String(process.pid);
      } catch {
        return false; // it ended meanwhile
      }
    });
}

test("`npm run sandbox` prints its addresses and ends whole on SIGINT", LONG, async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("main.ts", import.meta.url))], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  for (let i = 0; i < 800 && !said.includes("Ctrl-C"); i++) await new Promise((resolve) => setTimeout(resolve, 100));
  const legacy = /legacy +(postgresql:\S+\/legacy)/.exec(said)?.[1] ?? "";
  const clerk = /Clerk twin +(http:\S+)/.exec(said)?.[1] ?? "";
  expect(await databases(legacy)).toContain("legacy_audit");
  const signIn = /sign-in pages +(http:\S+)/.exec(said)?.[1] ?? "";
  const mails = /mails +(http:\S+)/.exec(said)?.[1] ?? "";
  expect(await (await fetch(signIn)).text()).toContain("http://localhost:3000/callback");
  expect(await (await fetch(mails)).text()).toContain("No mails yet");
  child.kill("SIGINT");
  await once(child, "exit");
  expect([await answers(clerk), await answers(signIn), await answers(mails)]).toEqual([false, false, false]);
  await expect(databases(legacy)).rejects.toThrow();
});
