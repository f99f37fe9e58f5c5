import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawnWorkosTwin, startClerkTwin, startPostgres, WorkosTwinAdmin } from "@rehome/sandbox";
import { type Goal, judge, round } from "../lib/goal.ts";
import { plainLoop } from "./plain-loop.ts";

const PROGRAM = fileURLToPath(import.meta.resolve("rehome/cli"));
const CONFIG = fileURLToPath(new URL("move.config.ts", import.meta.url));
const DIGEST = "$2b$04$v/fVp8MauENiZZOpjW0qDeEFtNX/iGtpc2cIY1fBoLdF5OLphIyCS";
/** WorkOS's limit of user-management writes, a second; a person costs two. */
const WRITES_PER_SECOND = 50;

export interface Report {
  bench: "users";
  quick: boolean;
  method: string;
  machine: { cpu: string; cores: number; load: number[]; node: string };
  people: number;
  latencyMs: number;
  seconds: number;
  goals: Goal[];
}

interface Measured {
  seconds: number;
  /** Share of the allowed rate between a fifth and four fifths of the people. */
  share: number;
  usersPerSecond: number;
  requestsPerPerson: number;
  tooMany: number;
}

/** Moves people who do not exist, at the twin with the documented limits, by `rehome users` and by a plain loop. */
export async function runBench({ people, latencyMs, quick }: { people: number; latencyMs: number; quick: boolean }): Promise<Report> {
  const startedAt = performance.now();
  const list = Array.from({ length: people }, (_, n) => ({
    id: `user_${String(n).padStart(6, "0")}`,
    email: `p${n}@bench.test`,
    digest: DIGEST,
  }));
  const ours = await measureRehome(list, latencyMs);
  const loop = await measureLoop(list, latencyMs);
  const at = (figure: number): Pick<Goal, "figure" | "interval" | "noise"> => ({
    figure: round(figure, 3),
    interval: [round(figure, 3), round(figure, 3)],
    noise: null,
  });
  const goal = (id: string, claim: string, figure: number, most: number, note?: string): Goal =>
    judge({ id, claim, unit: "ratio", goal: most, aim: false, ...at(figure), ...(note ? { note } : {}) });
  const { share, usersPerSecond, requestsPerPerson, tooMany } = ours;
  return {
    bench: "users",
    quick,
    method:
      "one run each, at the twin with the documented limits; the steady part is from a fifth to four fifths of the people; goals are upper bounds",
    machine: { cpu: cpus()[0]?.model ?? "", cores: cpus().length, load: loadavg(), node: process.version },
    people,
    latencyMs,
    seconds: round((performance.now() - startedAt) / 1_000, 1),
    goals: [
      goal(
        "share",
        "1 / share of the allowed rate in the steady part (share at least 0.98)",
        1 / share,
        1 / 0.98,
        `share ${share.toFixed(3)}, ${usersPerSecond.toFixed(1)} people a second`,
      ),
      goal("429", "answers with 429", tooMany, 0),
      goal("requests", "requests a person, without TOTP", requestsPerPerson, 3.02, "the roles of the move are looked up and made once"),
      goal(
        "loop",
        "time of `rehome users` by that of a plain loop at 50 requests a second, four a person",
        ours.seconds / loop.seconds,
        0.6,
      ),
    ],
  };
}

type Person = { id: string; email: string; digest: string };

async function measureRehome(people: readonly Person[], latencyMs: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "rehome-bench-"));
  const [server, clerk, workos] = await Promise.all([startPostgres({}), startClerkTwin(), spawnWorkosTwin()]);
  try {
    const exportFile = await seedClerk(clerk, people, folder);
    const { hostname, port } = new URL(workos.url);
    const move = {
      name: "bench",
      legacy: {
        database: server.url("postgres"),
        clerk: { secretKey: clerk.secretKey, publishableKey: clerk.publishableKey, apiUrl: clerk.url, exports: [exportFile] },
      },
      target: {
        owner: server.url("postgres"),
        mover: server.url("postgres"),
        workos: {
          apiKey: workos.apiKey,
          clientId: workos.clientId,
          apiHostname: hostname,
          port: Number(port),
          https: false,
          shareOfLimit: 1,
        },
      },
    };
    await rehome(["schema"], move);
    const admin = new WorkosTwinAdmin(workos);
    await slow(admin, latencyMs);
    const samples: { at: number; users: number }[] = [];
    const startedAt = performance.now();
    const running = rehome(["users"], move);
    let ended = false;
    void running.then(
      () => {
        ended = true;
      },
      () => {
        ended = true;
      },
    );
    while (!ended) {
      const { requests } = await admin.call<{ requests: Record<string, number> }>("GET", "counters");
      samples.push({ at: performance.now(), users: requests["POST /user_management/organization_memberships"] ?? 0 });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await running;
    const seconds = (performance.now() - startedAt) / 1_000;
    const { requests, tooManyRequests } = await admin.call<{ requests: Record<string, number>; tooManyRequests: number }>(
      "GET",
      "counters",
    );
    const sent = Object.entries(requests).filter(([route]) => !route.includes("__twin"));
    const first = samples.find((sample) => sample.users >= people.length / 5);
    const last = samples.findLast((sample) => sample.users <= (people.length * 4) / 5);
    const usersPerSecond = first && last && last.at > first.at ? ((last.users - first.users) / (last.at - first.at)) * 1_000 : Number.NaN;
    return {
      seconds,
      usersPerSecond,
      share: (usersPerSecond * 2) / WRITES_PER_SECOND,
      requestsPerPerson: sent.reduce((sum, [, n]) => sum + n, 0) / people.length,
      tooMany: tooManyRequests,
    };
  } finally {
    await Promise.all([server.stop(), clerk.stop(), workos.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureLoop(people: readonly Person[], latencyMs: number): Promise<{ seconds: number }> {
  const workos = await spawnWorkosTwin();
  try {
    await slow(new WorkosTwinAdmin(workos), latencyMs);
    return { seconds: await plainLoop(workos, people) };
  } finally {
    await workos.stop();
  }
}

/** Every answer takes this long, as over a network. */
async function slow(admin: WorkosTwinAdmin, latencyMs: number): Promise<void> {
  if (latencyMs > 0) await admin.call("POST", "faults", { pathPattern: "^/(user_management|organizations)", kind: "latency", latencyMs });
}

async function seedClerk(clerk: { url: string; adminToken: string }, people: readonly Person[], folder: string): Promise<string> {
  const headers = { "x-twin-admin": clerk.adminToken, "content-type": "application/json" };
  const users = people.map(({ id, email, digest }) => ({
    ...{ id, username: null, first_name: "Ana", last_name: "Lima", emails: [{ address: email, verified: true, primary: true }] },
    ...{ phones: [], external_accounts: [], password_digest: digest, password_hasher: "bcrypt", banned: false, locked: false },
    ...{ created_at: 1_700_000_000_000, updated_at: 1_700_000_000_000, last_sign_in_at: null, image_url: "", locale: null },
    ...{ public_metadata: {}, unsafe_metadata: {}, private_metadata: {} },
  }));
  await fetch(`${clerk.url}/__twin/users`, { method: "POST", headers, body: JSON.stringify(users) });
  const file = join(folder, "clerk.csv");
  writeFileSync(file, await (await fetch(`${clerk.url}/__twin/export.csv`, { headers })).text());
  return file;
}

function rehome(args: string[], move: object): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, ...args, "--config", CONFIG, "--json"], {
    env: { ...process.env, REHOME_BENCH_MOVE: JSON.stringify(move), NODE_NO_WARNINGS: "1", CLERK_TELEMETRY_DISABLED: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`rehome ${args.join(" ")} ended with ${code}: ${said}`))));
  });
}
