import type { WorkosTwin } from "@rehome/sandbox";

type Twin = Pick<WorkosTwin, "url" | "adminToken">;

/** What of WorkOS a fault strikes. */
export const PLACES = {
  user: { pathPattern: "^/user_management/users$", method: "POST" },
  organization: { pathPattern: "^/organizations$", method: "POST" },
  membership: { pathPattern: "^/user_management/organization_memberships$", method: "POST" },
  factor: { pathPattern: "/auth_factors$", method: "POST" },
  lookUp: { pathPattern: "external_id|organization_memberships$|auth_factors$", method: "GET" },
  setUp: { pathPattern: "^/authorization/" },
} as const;

export interface Fault {
  place: keyof typeof PLACES;
  kind: "status" | "latency" | "reset_before" | "reset_after";
  status?: number;
  latencyMs?: number;
  times?: number;
  rate?: number;
  seed?: number;
}

export async function arm(twin: Twin, { place, ...fault }: Fault): Promise<void> {
  await admin(twin, "POST", "faults", { ...PLACES[place], ...fault });
}

export async function disarm(twin: Twin): Promise<void> {
  await admin(twin, "DELETE", "faults");
}

/** What the twin has counted: requests that create or change something, and answers with 429. */
export async function counted(twin: Twin): Promise<{ writes: number; tooManyRequests: number }> {
  const answer = await admin(twin, "GET", "counters");
  const { requests, tooManyRequests } = (await answer.json()) as { requests: Record<string, number>; tooManyRequests: number };
  const writes = Object.entries(requests).filter(([route]) => !route.startsWith("GET "));
  return { writes: writes.reduce((sum, [, count]) => sum + count, 0), tooManyRequests };
}

async function admin(twin: Twin, method: string, path: string, body?: unknown): Promise<Response> {
  const answer = await fetch(new URL(`/__twin/${path}`, twin.url), {
    method,
    headers: { "content-type": "application/json", "x-twin-admin": twin.adminToken },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`The WorkOS twin refused ${method} ${path} (status ${answer.status}).`);
  return answer;
}
