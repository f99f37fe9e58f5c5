import { createTransport } from "nodemailer";
import type { TwinMail } from "./mails.ts";

interface Smtp {
  send(mail: TwinMail): void;
  close(): void;
}

const FROM = { name: "WorkOS twin", address: "no-reply@workos-twin.example" };

/**
 * Sends mails to an SMTP server, over connections that are kept. A mail that cannot be delivered is told on stderr, without what is in it.
 *
 * @param url for example `smtp://127.0.0.1:2525`
 */
export function openSmtp(url: string): Smtp {
  const { hostname, port } = new URL(url);
  const transport = createTransport({
    host: hostname,
    port: Number(port || 25),
    secure: false,
    ignoreTLS: true,
    pool: true,
    maxConnections: 2,
  });
  return {
    send: ({ to, subject, text, html }) => {
      transport.sendMail({ from: FROM, to: { name: "", address: to }, subject, text, html }).catch((error: NodeJS.ErrnoException) => {
        process.stderr.write(`WorkOS twin: a mail was not delivered (${error.code ?? error.name}).\n`);
      });
    },
    close: () => transport.close(),
  };
}
