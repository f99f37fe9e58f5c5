import type { MoveConfig } from "../config/define.ts";
import { joinLegacyUsers, type LegacyUser } from "./clerk/join.ts";
import { readClerkApi } from "./clerk/read-api.ts";
import { readClerkExport } from "./clerk/read-export.ts";

/**
 * Reads every legacy user from the Dashboard exports and the Backend API. A later export overrides an earlier one, user by user.
 *
 * @throws MoveError EXPORT_INVALID, CLERK_UNREACHABLE, CLERK_REFUSED
 */
export async function readLegacyUsers(
	config: MoveConfig["legacy"]["clerk"],
): Promise<LegacyUser[]> {
	const exported = new Map<
		string,
		Awaited<ReturnType<typeof readClerkExport>>[number]
	>();
	for (const file of config.exports)
		for (const user of await readClerkExport(file)) exported.set(user.id, user);
	const { secretKey, publishableKey, apiUrl } = config;
	const api = await readClerkApi({
		secretKey,
		...(publishableKey ? { publishableKey } : {}),
		...(apiUrl ? { apiUrl } : {}),
	});
	return joinLegacyUsers([...exported.values()], api);
}
