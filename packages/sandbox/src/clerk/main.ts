import { runTwin } from "../twin/process.ts";
import { type ClerkTwinOptions, startClerkTwin } from "./twin.ts";

runTwin<ClerkTwinOptions>("Clerk", async (options) => {
  const { port, secretKey, publishableKey, adminToken, jwtKey } = await startClerkTwin(options);
  return { service: "clerk", port, secretKey, publishableKey, adminToken, jwtKey };
});
