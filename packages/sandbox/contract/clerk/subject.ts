import { type ClerkClient, createClerkClient } from "@clerk/backend";
import { type ClerkTwin, startClerkTwin } from "../../src/clerk/twin.ts";

/** What the suite is run against: the twin, or a development instance of Clerk with real keys. */
export interface Subject {
  clerk: ClerkClient;
  /** Absent when live: what only a twin can do is then not run. */
  twin: ClerkTwin | undefined;
  stop(): Promise<void>;
}

/** Live needs both: REHOME_CONTRACT_LIVE=1 and CLERK_SECRET_KEY. Never run so far. */
export const LIVE = process.env["REHOME_CONTRACT_LIVE"] === "1" && Boolean(process.env["CLERK_SECRET_KEY"]);

export async function startSubject(): Promise<Subject> {
  if (LIVE) {
    const clerk = createClerkClient({ secretKey: process.env["CLERK_SECRET_KEY"] as string, telemetry: { disabled: true } });
    return { clerk, twin: undefined, stop: async () => {} };
  }
  const twin = await startClerkTwin();
  return { clerk: clientOf(twin), twin, stop: () => twin.stop() };
}

export function clientOf(twin: ClerkTwin, keys: { secretKey?: string } = {}): ClerkClient {
  return createClerkClient({
    secretKey: keys.secretKey ?? twin.secretKey,
    publishableKey: twin.publishableKey,
    apiUrl: twin.url,
    telemetry: { disabled: true },
  });
}

/** A new address at a domain that receives no mail; Clerk's `+clerk_test` marks it as a test address. */
export function testAddress(): string {
  return `contract-${crypto.randomUUID().slice(0, 8)}+clerk_test@example.com`;
}

/** Calls what only the twin has. */
export async function admin(twin: ClerkTwin, method: string, path: string, body?: unknown): Promise<Response> {
  const answer = await fetch(`${twin.url}/__twin/${path}`, {
    method,
    headers: { "x-twin-admin": twin.adminToken, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} /__twin/${path}: ${answer.status}`);
  return answer;
}
