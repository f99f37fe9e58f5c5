import { createClerkClient } from "@clerk/backend";
import type { MoveConfig } from "../config/define.ts";

export type Clerk = ReturnType<typeof createClerkClient>;

/** Clerk as the way back writes to it. Before a rollback the mover only reads there. */
export function openClerk({ secretKey, publishableKey, apiUrl }: MoveConfig["legacy"]["clerk"]): Clerk {
  return createClerkClient({
    secretKey,
    ...(publishableKey ? { publishableKey } : {}),
    ...(apiUrl ? { apiUrl } : {}),
    telemetry: { disabled: true },
  });
}
