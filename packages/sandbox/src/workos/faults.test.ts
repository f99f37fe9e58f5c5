import { WorkOS } from "@workos-inc/node";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { FaultOrder } from "../twin/faults.ts";
import { startWorkosTwin, type WorkosTwin } from "./twin.ts";

let twin: WorkosTwin;
let sdk: WorkOS;
beforeAll(async () => {
  twin = await startWorkosTwin();
  sdk = new WorkOS(twin.apiKey, { clientId: twin.clientId, apiHostname: "127.0.0.1", port: twin.port, https: false, maxRetries: 0 });
});
afterEach(async () => {
  await faults("DELETE");
});
afterAll(() => twin.stop());

function faults(method: "POST" | "DELETE", order?: Partial<FaultOrder>): Promise<Response> {
  return fetch(`${twin.url}/__twin/faults`, {
    method,
    headers: { "x-twin-admin": twin.adminToken, "content-type": "application/json" },
    ...(order ? { body: JSON.stringify(order) } : {}),
  });
}

function create(): Promise<string> {
  return sdk.userManagement.createUser({ email: `p-${crypto.randomUUID()}@example.com` }).then(({ email }) => email);
}

async function userCount(): Promise<number> {
  return (await sdk.userManagement.listUsers({ limit: 100 })).data.length;
}

test("a status strikes as often as ordered, and only what it was ordered for", async () => {
  await faults("POST", { pathPattern: "^/user_management/users$", method: "POST", kind: "status", status: 503, times: 2 });

  await expect(create()).rejects.toMatchObject({ status: 503 });
  await expect(sdk.userManagement.listUsers()).resolves.toBeDefined();
  await expect(sdk.organizations.createOrganization({ name: "O" })).resolves.toBeDefined();
  await expect(create()).rejects.toMatchObject({ status: 503 });
  await expect(create()).resolves.toBeDefined();
});

test("a reset before leaves nothing done, a reset after has done it", async () => {
  const before = await userCount();
  await faults("POST", { pathPattern: "/users$", method: "POST", kind: "reset_before", times: 1 });
  await expect(create()).rejects.toThrow("fetch failed");
  expect(await userCount()).toBe(before);

  await faults("POST", { pathPattern: "/users$", method: "POST", kind: "reset_after", times: 1 });
  await expect(create()).rejects.toThrow("fetch failed");
  expect(await userCount()).toBe(before + 1);
});

test("latency delays", async () => {
  await faults("POST", { pathPattern: ".", kind: "latency", latencyMs: 300, times: 1 });
  const started = performance.now();
  await sdk.userManagement.listUsers();
  expect(performance.now() - started).toBeGreaterThanOrEqual(295);
});

test("a rate strikes a share, the same with the same seed", async () => {
  const run = async (seed: number): Promise<string> => {
    await faults("DELETE");
    await faults("POST", { pathPattern: "^/organizations$", kind: "status", status: 500, rate: 0.3, seed });
    let struck = "";
    for (let index = 0; index < 60; index++) {
      struck += await sdk.organizations.listOrganizations().then(
        () => ".",
        () => "x",
      );
    }
    return struck;
  };
  const first = await run(7);

  expect(await run(7)).toBe(first);
  expect(await run(8)).not.toBe(first);
  const share = first.replaceAll(".", "").length / first.length;
  expect(share).toBeGreaterThan(0.1);
  expect(share).toBeLessThan(0.5);
});

test("counters tell requests by route, refused ones too", async () => {
  const own = await startWorkosTwin({ limits: { organizationDelete: 1 } });
  const other = new WorkOS(own.apiKey, { clientId: own.clientId, apiHostname: "127.0.0.1", port: own.port, https: false, maxRetries: 0 });
  await other.organizations.deleteOrganization("org_1");
  await expect(other.organizations.deleteOrganization("org_2")).rejects.toMatchObject({ status: 429 });
  await expect(other.userManagement.getUser("user_1")).rejects.toMatchObject({ status: 404 });
  const counters = await (await fetch(`${own.url}/__twin/counters`, { headers: { "x-twin-admin": own.adminToken } })).json();
  await own.stop();

  expect(counters).toEqual({ requests: { "DELETE /organizations/:id": 2, "GET /user_management/users/:id": 1 }, tooManyRequests: 1 });
});

test("an order with a mistake is refused", async () => {
  for (const order of [
    { kind: "status" },
    { pathPattern: "(", kind: "status" },
    { pathPattern: ".", kind: "flood" },
    { pathPattern: ".", kind: "status", times: "1" },
  ]) {
    expect((await faults("POST", order as Partial<FaultOrder>)).status).toBe(422);
  }
  await expect(sdk.userManagement.listUsers()).resolves.toBeDefined();
});
