import { spawnTwin } from "../twin/process.ts";
import type { ClerkTwin, ClerkTwinOptions } from "./twin.ts";

/**
 * Starts the Clerk twin as a process of its own. It ends with `stop`, and with this process however that ends: its stdin closes.
 *
 * @throws Error with what it said, when it does not start within 30 s
 */
export async function spawnClerkTwin(options: ClerkTwinOptions = {}): Promise<ClerkTwin> {
  const { address, stop } = await spawnTwin<Omit<ClerkTwin, "url" | "stop">>("Clerk", new URL("main.ts", import.meta.url), options);
  const { port, secretKey, publishableKey, adminToken, jwtKey } = address;
  return { port, url: `http://127.0.0.1:${port}`, secretKey, publishableKey, jwtKey, adminToken, stop };
}
