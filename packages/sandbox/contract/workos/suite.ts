import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { WorkosTwinOptions } from "../../src/workos/twin.ts";
import { openTarget, type Target } from "./target.ts";

/** Opens a target for the tests of a file or block, and fails each test whose replies differ from the description. */
export function withTarget(options: WorkosTwinOptions = {}): Target {
  // Filled before the first test; tests take it apart inside their bodies.
  const target = {} as Target;
  beforeAll(async () => {
    Object.assign(target, await openTarget(options));
  });
  afterEach(() => {
    const { findings } = target.replies;
    expect(findings.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    expect(target.replies.checked).toBeGreaterThan(0);
    await target.stop();
  });
  return target;
}

/** What a call was refused with: the fields of the SDK's exceptions that a caller may rely on. */
interface Refusal {
  status?: number;
  name: string;
  code?: string;
  /** `error` of OAuth-shaped answers. */
  error?: string;
  message: string;
  errors?: { code: string }[];
  pendingAuthenticationToken?: string;
  rawData: Record<string, unknown>;
}

/** Waits for a call to be refused; fails when it is not. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    return error as Refusal;
  }
  throw new Error("The call was expected to be refused, and was not.");
}
