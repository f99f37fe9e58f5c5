import { createClerkClient } from "@clerk/backend";
import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";

export type Clerk = Pick<ReturnType<typeof createClerkClient>, "users">;

/** For one call; the SDK itself waits without end. */
const TIMEOUT_MS = 20_000;

/** Clerk as the way back writes to it; each call has a limit. Before a rollback the mover only reads there. */
export function openClerk({ secretKey, publishableKey, apiUrl }: MoveConfig["legacy"]["clerk"]): Clerk {
  if (!secretKey)
    throw new MoveError("CONFIG_INVALID", "The way back writes to Clerk, and rehome.config.ts names no legacy.clerk.secretKey.", {
      next: "Set legacy.clerk.secretKey, then run the command again.",
    });
  const { users } = createClerkClient({
    secretKey,
    ...(publishableKey ? { publishableKey } : {}),
    ...(apiUrl ? { apiUrl } : {}),
    telemetry: { disabled: true },
  });
  return {
    users: new Proxy(users, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        return typeof member === "function" ? (...args: unknown[]) => withinTime(() => member.apply(target, args)) : member;
      },
    }),
  };
}

async function withinTime<T>(call: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), TIMEOUT_MS);
  });
  return Promise.race([call(), late]).finally(() => clearTimeout(timer));
}

/** Whether Clerk refused this one person (an address that is taken, a name it does not accept), and not us. */
export function isRefusalOfOne(error: unknown): boolean {
  const { status } = error as { status?: unknown };
  return status === 400 || status === 404 || status === 409 || status === 422;
}

export function clerkFailed(error: unknown, what: string): MoveError {
  const { status } = error as { status?: number };
  const known = status === 401 || status === 403;
  return new MoveError(
    known ? "CLERK_REFUSED" : "CLERK_UNREACHABLE",
    known
      ? `Clerk refused the secret key (${status}): could not ${what}.`
      : `Clerk does not answer as it should (${status ?? "no answer"}): could not ${what}.`,
    {
      next: known
        ? "Set CLERK_SECRET_KEY to a key of this instance, then run `rehome rollback` again. The target serves as before."
        : "Check the network and status.clerk.com, then run `rehome rollback` again. The target serves as before.",
      retry: !known,
    },
  );
}
