import type { MoveConfig } from "../config/define.ts";
import { joinLegacyUsers, type LegacyUser } from "./clerk/join.ts";
import { readClerkApi } from "./clerk/read-api.ts";
import { readClerkExports } from "./clerk/read-export.ts";

/**
 * Reads every legacy user from the Dashboard exports and the Backend API. A later export overrides an earlier one, user by user.
 *
 * @throws MoveError EXPORT_INVALID, CLERK_UNREACHABLE, CLERK_REFUSED
 */
export async function readLegacyUsers(config: MoveConfig["legacy"]["clerk"]): Promise<LegacyUser[]> {
  const { secretKey, publishableKey, apiUrl } = config;
  const api = await readClerkApi({
    secretKey,
    ...(publishableKey ? { publishableKey } : {}),
    ...(apiUrl ? { apiUrl } : {}),
  });
  return joinLegacyUsers(await readClerkExports(config.exports), api);
}
