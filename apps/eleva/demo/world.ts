import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ElevaWorld, generateEleva, loadLegacy, loadLegacyAudit, seedClerk } from "@rehome/eleva-legacy";
import { type Sandbox, type SandboxOptions, startSandbox } from "@rehome/sandbox";
import pg from "pg";

/** Eleva Care as it was, running on this machine, and the environment in which `rehome` moves it. */
export interface DemoWorld {
  sandbox: Sandbox;
  eleva: ElevaWorld;
  /** What the operator would have in the environment. */
  env: Record<string, string>;
  /** Folder with the Clerk export and the report; removed by `stop`. */
  folder: string;
  stop(): Promise<void>;
}

export interface DemoOptions {
  users: number;
  seed: number;
  sandbox?: SandboxOptions;
  /** WorkOS's limits so many times higher, at the twin and in the mover: for tests. Default 1. */
  clockSpeed?: number;
  /** Changes Eleva before it is loaded: for tests that plant something. */
  change?: (eleva: ElevaWorld) => void;
}

/** Starts the sandbox and seeds Eleva Care as it was: Clerk's people, the legacy database, the audit log, and a Clerk export on disk. */
export async function startWorld(options: DemoOptions): Promise<DemoWorld> {
  const folder = mkdtempSync(join(tmpdir(), "rehome-demo-"));
  const speed = options.clockSpeed ?? 1;
  const sandbox = await startSandbox({ ...options.sandbox, workos: { clockSpeed: speed, ...options.sandbox?.workos } }).catch(
    (error: unknown) => {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    },
  );
  const stop = async () => {
    await sandbox.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const eleva = generateEleva({ users: options.users, seed: options.seed, hashes: "cheap" });
    options.change?.(eleva);
    await loadLegacy(sandbox.legacy.url("legacy"), eleva);
    await loadLegacyAudit(sandbox.legacy.url("legacy_audit"), eleva);
    await addMoverRole(sandbox.legacy.url("legacy"));
    await seedClerk(sandbox.clerk.url, sandbox.clerk.adminToken, eleva);
    const exportFile = join(folder, "clerk-users.csv");
    writeFileSync(exportFile, await clerkExport(sandbox.clerk), { mode: 0o600 });
    return { sandbox, eleva, env: { ...environment(sandbox, eleva, exportFile), ...limitsAt(speed) }, folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What an operator grants on legacy before a move; `rehome check` names these statements when they are missing. */
async function addMoverRole(superuserUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    await client.query(
      `do $$ begin create role rehome_legacy login; exception when duplicate_object or unique_violation then null; end $$`,
    );
    await client.query(
      `grant eleva_owner to rehome_legacy; do $$ begin execute format('grant create on database %I to rehome_legacy', current_database()); end $$`,
    );
  } finally {
    await client.end();
  }
}

/** The Dashboard's export as it would be now. */
export async function clerkExport(clerk: Sandbox["clerk"]): Promise<string> {
  const answer = await fetch(new URL("/__twin/export.csv", clerk.url), { headers: { "x-twin-admin": clerk.adminToken } });
  if (!answer.ok) throw new Error(`The Clerk twin gave no export (status ${answer.status}).`);
  return answer.text();
}

function limitsAt(speed: number): Record<string, string> {
  return speed === 1
    ? {}
    : {
        WORKOS_LIMITS: JSON.stringify({
          writesPer10s: 500 * speed,
          readsPer10s: 1000 * speed,
          requestsPer60s: 6000 * speed,
          organizationDeletesPer60s: 50 * speed,
        }),
        WORKOS_SETTLE_SECONDS: "0.5",
      };
}

function environment(sandbox: Sandbox, eleva: ElevaWorld, exportFile: string): Record<string, string> {
  return {
    LEGACY_DATABASE_URL: sandbox.legacy.url("legacy", "rehome_legacy"),
    LEGACY_AUDITLOG_DATABASE_URL: sandbox.legacy.url("legacy_audit"),
    CLERK_SECRET_KEY: sandbox.clerk.secretKey,
    CLERK_PUBLISHABLE_KEY: sandbox.clerk.publishableKey,
    CLERK_API_URL: sandbox.clerk.url,
    CLERK_EXPORTS: exportFile,
    CLERK_TELEMETRY_DISABLED: "1",
    TARGET_OWNER_URL: sandbox.target.url("target"),
    TARGET_MOVER_URL: sandbox.target.url("target", "rehome_mover", "mover-of-the-demo"),
    DATABASE_URL: sandbox.target.url("target", "rehome_login", "login-of-the-demo"),
    WORKER_DATABASE_URL: sandbox.target.url("target", "rehome_worker", "worker-of-the-demo"),
    WORKOS_API_KEY: sandbox.workos.apiKey,
    WORKOS_CLIENT_ID: sandbox.workos.clientId,
    WORKOS_API_URL: sandbox.workos.url,
    ENCRYPTION_KEY: eleva.encryptionKey,
  };
}
