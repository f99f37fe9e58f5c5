import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ClerkSeedUser,
  freshDatabase,
  startClerkTwin,
  startWorkosTwin,
  type WorkosTwin,
  WorkosTwinAdmin,
  type WorkosTwinOptions,
} from "@rehome/sandbox";
import { WorkOS } from "@workos-inc/node";
import pg from "pg";
import { defineMove, type MoveConfig, type MoveDeclaration } from "../../config/define.ts";
import { installLedger } from "../../ledger/ledger.ts";
import { installQuietly } from "../../postgres/quietly.ts";
import { runUsers, type UserFigures, type UserOptions } from "../run.ts";
import { CALLBACKS } from "./move.config.ts";

const PROGRAM = fileURLToPath(new URL("../../main.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("move.config.ts", import.meta.url));

/** bcrypt, cost 4. */
export const DIGESTS = {
  "first-password": "$2b$04$v/fVp8MauENiZZOpjW0qDeEFtNX/iGtpc2cIY1fBoLdF5OLphIyCS",
  "second-password": "$2b$04$y3ywemgVCLazPIKR8OGWxOnN8bLsBfnK.Kvk0zfEUoDAnZNG3pmZG",
} as const;
export type Password = keyof typeof DIGESTS;

/** How much faster than the service the twin counts its limits. */
const SPEED = 50;

/** A person at Clerk, as a test writes it. */
export interface TestPerson {
  id: string;
  email: string | null;
  verified?: boolean;
  otherEmails?: { address: string; verified: boolean }[];
  firstName?: string | null;
  lastName?: string | null;
  username?: string | null;
  password?: Password;
  hasher?: string;
  digest?: string;
  totp?: string;
  banned?: boolean;
  locked?: boolean;
  google?: boolean;
  role?: string;
}

/** What WorkOS holds, as the twin itself says it. */
export interface WorkosState {
  users: {
    id: string;
    email: string;
    email_verified: boolean;
    first_name: string | null;
    last_name: string | null;
    external_id: string | null;
    password: string | null;
    metadata: Record<string, string>;
  }[];
  organizations: { id: string; name: string; external_id: string | null }[];
  memberships: { id: string; user_id: string; organization_id: string; status: string; role: { slug: string } }[];
  factors: { id: string; user_id: string }[];
}

export interface PeopleWorld {
  config: MoveConfig;
  twin: WorkosTwin;
  admin: WorkosTwinAdmin;
  sdk: WorkOS;
  target: pg.Client;
  targetUrl: string;
  clerk: { url: string; secretKey: string; publishableKey: string };
  exportFile: string;
  /** Makes Clerk know exactly these people, and takes a fresh export. */
  atClerk(people: readonly TestPerson[], options?: { keepExport?: boolean }): Promise<void>;
  users(options?: UserOptions, config?: MoveConfig): Promise<UserFigures>;
  /** Runs a command line of `rehome` as a process of its own. `sending` comes when it begins with people, or ends. */
  spawn(args: string[]): {
    signal(name: NodeJS.Signals): void;
    sending: Promise<void>;
    ended: Promise<{ code: number; stdout: string; stderr: string }>;
  };
  state(): Promise<WorkosState>;
  /** `in`, `code` (a second factor is asked), `verify` (the address must be verified first) or `refused`. */
  signIn(email: string, password: string): Promise<"in" | "code" | "verify" | "refused">;
  arm(fault: object): Promise<void>;
  disarm(): Promise<void>;
  /** Requests by `METHOD /route` since the twin started. */
  requests(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

/** A move without rows: both twins, a ledger, and Clerk's people as the test says. */
export async function peopleWorld(
  workosOptions: WorkosTwinOptions = {},
  change: (move: MoveDeclaration) => void = () => {},
  serverUrl?: string,
): Promise<PeopleWorld> {
  const folder = mkdtempSync(join(tmpdir(), "rehome-users-"));
  const [database, clerk, twin] = await Promise.all([
    freshDatabase(serverUrl),
    startClerkTwin(),
    startWorkosTwin({ clockSpeed: SPEED, ...workosOptions }),
  ]);
  const target = new pg.Client({ connectionString: database.url });
  await target.connect();
  target.on("error", () => {});
  await installLedger(target, "test", "sha", "postgres");
  await installQuietly(target);
  const exportFile = join(folder, "clerk.csv");
  const url = new URL(twin.url);
  const declaration: MoveDeclaration = {
    name: "test",
    legacy: {
      database: database.url,
      clerk: { secretKey: clerk.secretKey, publishableKey: clerk.publishableKey, apiUrl: clerk.url, exports: [exportFile] },
    },
    target: {
      owner: database.url,
      mover: database.url,
      workos: {
        apiKey: twin.apiKey,
        clientId: twin.clientId,
        apiHostname: url.hostname,
        port: Number(url.port),
        https: false,
        settleSeconds: 0.3,
        limits: {
          writesPer10s: 500 * SPEED,
          readsPer10s: 1000 * SPEED,
          requestsPer60s: 6000 * SPEED,
          organizationDeletesPer60s: 50 * SPEED,
        },
      },
      applySchema: async () => {},
    },
    users: {
      roles: ["user", "expert"],
      ...CALLBACKS.users,
      workosRoles: { owner: { name: "Owner", permissions: ["all:manage"] } },
      ownerRole: "owner",
    },
    people: { upsert: [], guests: [] },
    tables: {},
  };
  change(declaration);
  const environment = {
    ...process.env,
    REHOME_TEST_MOVE: JSON.stringify(declaration),
    NODE_COMPILE_CACHE: join(folder, "compiled"),
    NODE_NO_WARNINGS: "1",
  };
  const config = defineMove(declaration);
  const admin = new WorkosTwinAdmin(twin);
  const sdk = new WorkOS(twin.apiKey, { clientId: twin.clientId, apiHostname: url.hostname, port: Number(url.port), https: false });
  let known: string[] = [];
  return {
    config,
    twin,
    admin,
    sdk,
    target,
    targetUrl: database.url,
    clerk,
    exportFile,
    atClerk: async (people, { keepExport = false } = {}) => {
      const gone = known.filter((id) => !people.some((person) => person.id === id));
      for (const id of gone) {
        await clerkAdmin(clerk, "PATCH", `users/${id}`, { inExport: false });
        await clerkAdmin(clerk, "DELETE", `users/${id}`);
      }
      known = people.map((person) => person.id);
      await clerkAdmin(clerk, "POST", "users", people.map(seed));
      if (!keepExport) writeFileSync(exportFile, await (await clerkAdmin(clerk, "GET", "export.csv")).text(), { mode: 0o600 });
    },
    users: (options = {}, other = config) => runUsers(other, { step: () => {}, advance: () => {} }, options),
    spawn: (args) => {
      const child = spawn(process.execPath, [PROGRAM, ...args, "--config", CONFIG, "--json"], {
        env: environment,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      const steps: (() => void)[] = [];
      child.stderr.on("data", (chunk: Buffer) => {
        stderr += chunk.toString();
        if (stderr.includes("users: users")) for (const go of steps.splice(0)) go();
      });
      const ended = new Promise<{ code: number; stdout: string; stderr: string }>((resolve) =>
        child.once("close", (code) => {
          for (const go of steps.splice(0)) go();
          resolve({ code: code ?? -1, stdout, stderr });
        }),
      );
      return { signal: (name) => void child.kill(name), ended, sending: new Promise((resolve) => void steps.push(resolve)) };
    },
    state: () => admin.call<WorkosState>("GET", "state"),
    signIn: async (email, password) => {
      try {
        await sdk.userManagement.authenticateWithPassword({ clientId: twin.clientId, email, password });
        return "in";
      } catch (error) {
        const { code, rawData } = error as { code?: string; rawData?: { code?: string } };
        const said = code ?? rawData?.code;
        if (said === "organization_selection_required") return "in"; // one who has a home and a practice
        if (said === "mfa_challenge") return "code";
        if (said === "email_verification_required") return "verify";
        if (said === "invalid_credentials") return "refused";
        throw error;
      }
    },
    arm: (fault) => admin.call("POST", "faults", fault),
    disarm: () => admin.call("DELETE", "faults"),
    requests: async () => (await admin.call<{ requests: Record<string, number> }>("GET", "counters")).requests,
    stop: async () => {
      await target.end().catch(() => {});
      await Promise.all([twin.stop(), clerk.stop(), database.drop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function clerkAdmin(clerk: { url: string; adminToken: string }, method: string, path: string, body?: unknown): Promise<Response> {
  const reply = await fetch(`${clerk.url}/__twin/${path}`, {
    method,
    headers: { "x-twin-admin": clerk.adminToken, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!reply.ok) throw new Error(`The Clerk twin refused ${method} ${path}: ${reply.status}`);
  return reply;
}

function seed(person: TestPerson): ClerkSeedUser {
  const digest = person.digest ?? (person.password ? DIGESTS[person.password] : undefined);
  return {
    id: person.id,
    username: person.username ?? null,
    first_name: person.firstName === undefined ? "Ana" : person.firstName,
    last_name: person.lastName === undefined ? "Lima" : person.lastName,
    emails: [
      ...(person.email === null ? [] : [{ address: person.email, verified: person.verified ?? true, primary: true }]),
      ...(person.otherEmails ?? []).map((other) => ({ ...other, primary: false })),
    ],
    phones: [],
    external_accounts: person.google ? [{ provider: "oauth_google", email: person.email ?? "", verified: true }] : [],
    ...(digest ? { password_digest: digest, password_hasher: person.hasher ?? "bcrypt" } : {}),
    ...(person.totp ? { totp_secret: person.totp } : {}),
    banned: person.banned ?? false,
    locked: person.locked ?? false,
    created_at: 1_700_000_000_000,
    updated_at: 1_700_000_000_000,
    last_sign_in_at: null,
    public_metadata: person.role ? { role: person.role } : {},
    unsafe_metadata: {},
    private_metadata: {},
    image_url: "",
    locale: null,
  };
}
