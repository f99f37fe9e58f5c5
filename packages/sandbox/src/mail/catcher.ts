import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { serveTwin } from "../twin/serve.ts";
import { type MailCatcher, mailClient } from "./client.ts";
import { mailPages } from "./pages.ts";
import type { CaughtMail } from "./types.ts";

export interface MailCatcherOptions {
  /** Of the pages; default 0: a free port. */
  port?: number;
  /** Of SMTP; default 0: a free port. */
  smtpPort?: number;
}

/** What a catcher says about itself when it is ready. */
export interface MailCatcherAddress {
  service: "mail";
  /** The pages where a person reads the mails. */
  url: string;
  /** For those who send, as `smtp://127.0.0.1:2525`. */
  smtpUrl: string;
}

const LARGEST_BYTES = 5 * 1024 * 1024;

/**
 * Starts a mail server on 127.0.0.1 that keeps whatever it is given and passes nothing on, with pages to read it; all of it is in memory.
 *
 * @throws Error when a port is taken
 */
export async function startMailCatcher({ port = 0, smtpPort = 0 }: MailCatcherOptions = {}): Promise<MailCatcher> {
  const mails: CaughtMail[] = [];
  const smtp = await listen(mails, smtpPort);
  const pages = await serveTwin(mailPages(mails), port).catch((error: unknown) => {
    smtp.server.close();
    throw error;
  });
  const address: MailCatcherAddress = {
    service: "mail",
    url: `http://127.0.0.1:${pages.port}`,
    smtpUrl: `smtp://127.0.0.1:${smtp.port}`,
  };
  let stopping: Promise<void> | undefined;
  const stop = () =>
    (stopping ??= (async () => {
      await pages.stop();
      await new Promise<void>((resolve) => smtp.server.close(() => resolve()));
    })());
  return mailClient(address, stop);
}

async function listen(mails: CaughtMail[], port: number): Promise<{ server: SMTPServer; port: number }> {
  let number = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    size: LARGEST_BYTES,
    closeTimeout: 100,
    onData: (stream, session, done) => {
      simpleParser(stream)
        .then(({ from, subject, text, html, date }) => {
          number += 1;
          mails.push({
            number,
            // The envelope says whom it is delivered to, hidden copies included.
            to: session.envelope.rcptTo.map(({ address }) => address),
            from: from?.text ?? "",
            subject: subject ?? "",
            text: text ?? "",
            html: html || "",
            date: (date ?? new Date()).toISOString(),
          });
          done();
        })
        .catch(() => done(new Error("The mail cannot be read.")));
    },
  });
  server.on("error", () => {}); // a connection that breaks; whoever sends learns it
  await new Promise<void>((resolve, reject) => {
    server.server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return { server, port: (server.server.address() as { port: number }).port };
}
