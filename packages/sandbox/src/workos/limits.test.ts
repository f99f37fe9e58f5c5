import { WorkOS } from "@workos-inc/node";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ApiError } from "./errors.ts";
import { type LimitScope, RateLimits } from "./limits.ts";
import { startWorkosTwin, type WorkosTwin, type WorkosTwinOptions } from "./twin.ts";

describe("the windows", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each<[LimitScope, number, number]>([
    ["general", 6_000, 60],
    ["reads", 1_000, 10],
    ["writes", 500, 10],
    ["authenticate", 10, 60],
    ["codes", 3, 60],
    ["organizationDelete", 50, 60],
  ])("%s: %i requests in %i s, then one more after the window", (scope, requests, seconds) => {
    const limits = new RateLimits({ clockSpeed: 1, retryAfter: false });
    for (let index = 0; index < requests; index++) limits.admit(scope, "key");

    expect(() => limits.admit(scope, "key")).toThrow(expect.objectContaining({ status: 429 }));
    limits.admit(scope, "another key");
    vi.advanceTimersByTime(seconds * 1_000 - 1);
    expect(() => limits.admit(scope, "key")).toThrow();
    vi.advanceTimersByTime(1);
    limits.admit(scope, "key");
  });

  test("slide: what was used late in a window is not free at its end", () => {
    const limits = new RateLimits({ clockSpeed: 1, retryAfter: false });
    for (let index = 0; index < 5; index++) limits.admit("authenticate");
    vi.advanceTimersByTime(50_000);
    for (let index = 0; index < 5; index++) limits.admit("authenticate");
    vi.advanceTimersByTime(10_000);
    for (let index = 0; index < 5; index++) limits.admit("authenticate");
    expect(() => limits.admit("authenticate")).toThrow();
  });

  test("are shorter by clockSpeed, and say how long to wait when asked to", () => {
    const limits = new RateLimits({ clockSpeed: 10, retryAfter: true });
    for (let index = 0; index < 3; index++) limits.admit("codes");
    expect(refused(() => limits.admit("codes")).headers).toEqual({ "retry-after": "6" });
    vi.advanceTimersByTime(6_000);
    limits.admit("codes");
  });

  function refused(call: () => void): ApiError {
    try {
      call();
    } catch (error) {
      return error as ApiError;
    }
    throw new Error("not refused");
  }
});

describe("what counts for what", () => {
  let twin: WorkosTwin | undefined;
  afterEach(() => twin?.stop());

  async function start(options: WorkosTwinOptions): Promise<WorkOS> {
    twin = await startWorkosTwin(options);
    return sdkOf(twin.apiKey);
  }

  function sdkOf(apiKey: string): WorkOS {
    return new WorkOS(apiKey, {
      clientId: twin?.clientId ?? "",
      apiHostname: "127.0.0.1",
      port: twin?.port ?? 0,
      https: false,
      maxRetries: 0,
    });
  }

  /** How many of these calls in a row are answered before the first 429. */
  async function answered(call: () => Promise<unknown>, most = 12): Promise<number> {
    for (let count = 0; count < most; count++) {
      const status = await call().then(
        () => 200,
        (error: { status?: number }) => error.status,
      );
      if (status === 429) return count;
    }
    return most;
  }

  test("general: every request of one key, and each key for itself", async () => {
    const sdk = await start({ otherApiKeys: ["sk_test_mover"], limits: { general: 4 } });
    await sdk.userManagement.listUsers();
    expect(await answered(() => sdk.organizations.listOrganizations())).toBe(3);
    expect(await answered(() => sdkOf("sk_test_mover").authorization.listEnvironmentRoles())).toBe(4);
  });

  test("user management: reads and writes apart, all keys together, organizations not at all", async () => {
    const sdk = await start({ otherApiKeys: ["sk_test_mover"], limits: { reads: 5, writes: 4 } });
    await sdkOf("sk_test_mover").userManagement.createUser({ email: "a@example.com" });
    expect(await answered(() => sdk.userManagement.createUser({ email: "a@example.com" }))).toBe(3);
    await sdkOf("sk_test_mover").userManagement.listUsers();
    expect(await answered(() => sdk.userManagement.listUsers())).toBe(4);
    expect(await answered(() => sdk.organizations.createOrganization({ name: "Free" }))).toBe(12);
  });

  test("a sign-in counts as a write, and for its address", async () => {
    const sdk = await start({ limits: { authenticate: 3, writes: 5 } });
    const signIn = (email: string) => () =>
      sdk.userManagement.authenticateWithPassword({ clientId: twin?.clientId ?? "", email, password: "wrong wrong" });
    expect(await answered(signIn("a@example.com"))).toBe(3);
    expect(await answered(signIn("A@example.com"))).toBe(0);
    expect(await answered(signIn("b@example.com"))).toBe(0); // five writes are used up
  });

  test("deleting organizations, and codes for one address", async () => {
    const sdk = await start({ limits: { organizationDelete: 2, codes: 1 } });
    expect(await answered(() => sdk.organizations.deleteOrganization("org_none"))).toBe(2);
    expect(await answered(() => sdk.userManagement.createMagicAuth({ email: "a@example.com" }))).toBe(1);
    expect(await answered(() => sdk.userManagement.createMagicAuth({ email: "b@example.com" }))).toBe(1);
  });

  test("a 429 is what the SDK takes for one, without Retry-After unless switched on", async () => {
    const sdk = await start({ limits: { general: 1 } });
    await sdk.userManagement.listUsers();
    await expect(sdk.userManagement.listUsers()).rejects.toMatchObject({
      name: "RateLimitExceededException",
      status: 429,
      retryAfter: null,
    });
    await twin?.stop();
    const patient = await start({ limits: { general: 1 }, retryAfter: true });
    await patient.userManagement.listUsers();
    await expect(patient.userManagement.listUsers()).rejects.toMatchObject({ status: 429, retryAfter: 60 });
  });

  test("limits: false never refuses", async () => {
    const sdk = await start({ limits: false });
    expect(await answered(() => sdk.userManagement.createMagicAuth({ email: "a@example.com" }))).toBe(12);
  });
});
