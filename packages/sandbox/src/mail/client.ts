import { setTimeout as wait } from "node:timers/promises";
import type { MailCatcherAddress } from "./catcher.ts";
import type { CaughtMail } from "./types.ts";

interface WaitOptions {
  /** Only mails that came after this one. */
  after?: CaughtMail | undefined;
  /** Only mails whose subject fits. */
  subject?: RegExp;
  /** Default 10,000. */
  timeoutMs?: number;
}

export interface MailCatcher extends MailCatcherAddress {
  /** Every mail, oldest first; all, or those to one address. */
  mails(to?: string): Promise<CaughtMail[]>;
  /**
   * Waits for a mail to this address; answers the newest that fits.
   *
   * @throws Error when none has come in time; it names the address and the subjects that came
   */
  waitForMail(to: string, options?: WaitOptions): Promise<CaughtMail>;
  /** Forgets every mail. */
  clear(): Promise<void>;
  /** Safe to call twice. */
  stop(): Promise<void>;
}

const POLL_MS = 25;

/** A catcher, in this process or in one of its own, by its address. */
export function mailClient(address: MailCatcherAddress, stop: () => Promise<void>): MailCatcher {
  const mails = async (to?: string): Promise<CaughtMail[]> => {
    const query = to === undefined ? "" : `?to=${encodeURIComponent(to)}`;
    const reply = await fetch(`${address.url}/mails.json${query}`);
    return ((await reply.json()) as { mails: CaughtMail[] }).mails;
  };
  return {
    ...address,
    mails,
    waitForMail: async (to, { after, subject, timeoutMs = 10_000 } = {}) => {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const came = await mails(to);
        const found = came.findLast((mail) => mail.number > (after?.number ?? 0) && (subject?.test(mail.subject) ?? true));
        if (found) return found;
        if (Date.now() > deadline) {
          const subjects = came.map((mail) => `"${mail.subject}"`).join(", ") || "none at all";
          throw new Error(`No mail to ${to} that fits came within ${timeoutMs} ms. What came: ${subjects}.`);
        }
        await wait(POLL_MS);
      }
    },
    clear: async () => {
      await fetch(`${address.url}/mails.json`, { method: "DELETE", headers: { "x-mail-catcher": "clear" } });
    },
    stop,
  };
}
