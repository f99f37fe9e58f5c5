import type { ElevaWorld } from "./world.ts";

const BATCH_USERS = 500;

/**
 * Gives the world's people to a Clerk twin: all in one go, those too who show only in its export or only in its API.
 *
 * @throws Error with the twin's status when it refuses; the body is not repeated, it may hold addresses
 */
export async function seedClerk(twinUrl: string, adminToken: string, world: Pick<ElevaWorld, "clerkUsers">): Promise<void> {
  for (let from = 0; from < world.clerkUsers.length; from += BATCH_USERS) {
    const response = await fetch(new URL("/__twin/users", twinUrl), {
      method: "POST",
      headers: { "content-type": "application/json", "x-twin-admin": adminToken },
      body: JSON.stringify(world.clerkUsers.slice(from, from + BATCH_USERS)),
    });
    await response.arrayBuffer();
    if (!response.ok) {
      throw new Error(
        `The Clerk twin refused users ${from + 1} and following with status ${response.status}. Check its address and the admin token.`,
      );
    }
  }
}
