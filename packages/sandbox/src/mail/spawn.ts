import { spawnTwin } from "../twin/process.ts";
import type { MailCatcherAddress, MailCatcherOptions } from "./catcher.ts";
import { type MailCatcher, mailClient } from "./client.ts";

/**
 * Starts the mail catcher as a process of its own, which ends when this one does, however that happens.
 *
 * @throws Error with what it said, when it does not start within 30 s
 */
export async function spawnMailCatcher(options: MailCatcherOptions = {}): Promise<MailCatcher> {
  const { address, stop } = await spawnTwin<MailCatcherAddress>("mail", new URL("main.ts", import.meta.url), options);
  return mailClient(address, stop);
}
