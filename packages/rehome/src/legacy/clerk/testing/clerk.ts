import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClerkSeedUser, type ClerkTwin, type ClerkTwinOptions, startClerkTwin } from "@rehome/sandbox";
import { onTestFinished } from "vitest";

export type { ClerkSeedUser };

interface ClerkFixture {
  twin: ClerkTwin;
  access: { secretKey: string; apiUrl: string };
  seed(users: readonly ClerkSeedUser[]): Promise<void>;
  admin(method: string, path: string, body?: unknown): Promise<Response>;
  /** Writes the Dashboard's export to a file. */
  export(query?: string): Promise<string>;
}

/** A Clerk twin that ends with the test. */
export async function startClerk(options: ClerkTwinOptions = {}): Promise<ClerkFixture> {
  const twin = await startClerkTwin(options);
  onTestFinished(() => twin.stop());
  const admin = async (method: string, path: string, body?: unknown) => {
    const headers = { "x-twin-admin": twin.adminToken };
    const answer = await fetch(`${twin.url}/__twin/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
    return answer;
  };
  return {
    twin,
    access: { secretKey: twin.secretKey, apiUrl: twin.url },
    seed: async (users) => void (await admin("POST", "users", users)),
    admin,
    export: async (query = "") => writeTemporary(await (await admin("GET", `export.csv${query}`)).text()),
  };
}

/** A file that goes with the test. */
export async function writeTemporary(content: string | Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rehome-export-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "clerk.csv");
  await writeFile(path, content);
  return path;
}

export function clerkUser(id: string, changes: Partial<ClerkSeedUser> = {}): ClerkSeedUser {
  return {
    id,
    username: null,
    first_name: null,
    last_name: null,
    emails: [{ address: `${id}@example.org`, verified: true, primary: true }],
    phones: [],
    external_accounts: [],
    banned: false,
    locked: false,
    created_at: 1_700_000_000_000,
    updated_at: 1_700_000_000_000,
    last_sign_in_at: null,
    public_metadata: {},
    unsafe_metadata: {},
    private_metadata: {},
    image_url: "",
    locale: null,
    ...changes,
  };
}
