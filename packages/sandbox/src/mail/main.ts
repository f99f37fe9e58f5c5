import { runTwin } from "../twin/process.ts";
import { type MailCatcherAddress, type MailCatcherOptions, startMailCatcher } from "./catcher.ts";

runTwin<MailCatcherOptions>("mail", async (options): Promise<MailCatcherAddress> => {
  const { service, url, smtpUrl } = await startMailCatcher(options);
  return { service, url, smtpUrl };
});
