import { codeMail, linkMail, type MailContent } from "./mail-texts.ts";
import type { Environment } from "./state.ts";

export const MAIL_KINDS = ["email_verification", "magic_auth", "invitation", "password_reset"] as const;
export type MailKind = (typeof MAIL_KINDS)[number];

/** A mail as it leaves the twin. */
export interface TwinMail extends MailContent {
  kind: MailKind;
  to: string;
  /** When it was written. */
  at: string;
}

const KEPT = 1_000;

/**
 * The mails WorkOS sends of itself: written when the event says that there is something to send. The newest are kept in the outbox.
 *
 * @see docs authkit/custom-emails: each kind can be switched off, and is then sent by whoever reads the events
 */
export class Mails {
  readonly #outbox: TwinMail[] = [];
  readonly #environment: Environment;
  readonly #silent: ReadonlySet<MailKind>;
  readonly #send: (mail: TwinMail) => void;

  constructor(environment: Environment, silent: readonly MailKind[], send: (mail: TwinMail) => void) {
    this.#environment = environment;
    this.#silent = new Set(silent);
    this.#send = send;
    environment.events.onEvent(({ event, data }) => this.#onEvent(event, String(data["id"])));
  }

  /** Oldest first; all of them, or those to one address. */
  list(to?: string): TwinMail[] {
    return this.#outbox.filter((mail) => to === undefined || mail.to.toLowerCase() === to.toLowerCase());
  }

  #onEvent(event: string, id: string): void {
    const { emailVerifications, magicAuths, invitations, passwordResets, organizations, baseUrl } = this.#environment;
    if (event === "email_verification.created") {
      const sent = emailVerifications.get(id);
      if (sent) this.#post("email_verification", sent.email, codeMail("Verify your e-mail address", sent.code));
    } else if (event === "magic_auth.created") {
      const sent = magicAuths.get(id);
      if (sent) this.#post("magic_auth", sent.email, codeMail("Your sign-in code", sent.code));
    } else if (event === "password_reset.created") {
      const reset = passwordResets.get(id);
      const link = `${baseUrl}/authkit/reset-password?token=${reset?.token}`;
      if (reset) this.#post("password_reset", reset.email, linkMail("Set a new password", "You can set a new password here:", link));
    } else if (event === "invitation.created" || event === "invitation.resent") {
      const invitation = invitations.get(id);
      const name = organizations.get(invitation?.organization_id ?? "")?.name;
      const sentence = name === undefined ? "You have been invited." : `You have been invited to join ${name}.`;
      const link = `${baseUrl}/authkit/invitation?invitation_token=${invitation?.token}`;
      if (invitation) this.#post("invitation", invitation.email, linkMail("You have been invited", sentence, link));
    }
  }

  #post(kind: MailKind, to: string, content: MailContent): void {
    if (this.#silent.has(kind)) return;
    const mail = { kind, to, at: new Date().toISOString(), ...content };
    this.#outbox.push(mail);
    if (this.#outbox.length > KEPT) this.#outbox.shift();
    this.#send(mail);
  }
}
