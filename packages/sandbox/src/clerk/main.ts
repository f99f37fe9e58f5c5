import { createInterface } from "node:readline";
import { type ClerkTwinOptions, startClerkTwin } from "./twin.ts";

// Line 1 of stdin: options as JSON, may be empty. Answer: one line of JSON with the port and the keys. It runs until stdin ends.
const lines = createInterface({ input: process.stdin });

lines.once("line", start);
lines.once("close", () => process.exit(0));

async function start(line: string): Promise<void> {
  try {
    const options = line.trim() === "" ? {} : (JSON.parse(line) as ClerkTwinOptions);
    const { port, secretKey, publishableKey, adminToken, jwtKey } = await startClerkTwin(options);
    process.stdout.write(`${JSON.stringify({ service: "clerk", port, secretKey, publishableKey, adminToken, jwtKey })}\n`);
  } catch (error) {
    process.stderr.write(`The Clerk twin did not start: ${(error as Error).message}\n`);
    process.exit(1);
  }
}
