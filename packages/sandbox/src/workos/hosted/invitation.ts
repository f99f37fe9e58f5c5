import type { Hono } from "hono";
import { html } from "hono/html";
import type { Invitation } from "../state.ts";
import { invitationWire } from "../wire.ts";
import { deadEnd, page } from "./layout.ts";
import { type Hosted, keyedForm, readKeyedForm } from "./steps.ts";

/**
 * Where the link of an invitation leads. It did not begin at the application, so it goes on at the application's sign-in endpoint
 * (docs authkit, "Configure sign-in endpoint"); the invitation is kept for this browser's next sign-in.
 */
export function addInvitationPage(app: Hono, hosted: Hosted): void {
  const { browsers, environment, settings } = hosted;
  const path = "/authkit/invitation";

  app.get(path, (c) => {
    const invitation = usable(c.req.query("invitation_token") ?? "");
    if (!invitation) return gone(c);
    const name = environment.organizations.get(invitation.organization_id ?? "")?.name;
    const inviter = environment.users.get(invitation.inviter_user_id ?? "");
    const who = [inviter?.first_name, inviter?.last_name].filter(Boolean).join(" ") || inviter?.email || "Somebody";
    return page(
      c,
      {
        title: name === undefined ? "You are invited" : `Join ${name}`,
        lead: html`${who} invited <strong>${invitation.email}</strong>${name === undefined ? "" : ` to ${name}`}.`,
      },
      keyedForm(c, hosted, path, "invitation_token", invitation.token, html`<button>Accept the invitation</button>`),
    );
  });

  app.post(path, async (c) => {
    const token = (await readKeyedForm(c, hosted, "invitation_token"))("invitation_token");
    if (!usable(token)) return gone(c);
    browsers.keepInvitation(browsers.identify(c), token);
    if (settings.signInEndpoint !== undefined) {
      const next = new URL(settings.signInEndpoint);
      next.searchParams.set("invitation_token", token);
      return c.redirect(next.href, 303);
    }
    return page(c, { title: "Almost there", lead: "Sign in or sign up in the application: the invitation is accepted with it." });
  });

  function usable(token: string): Invitation | undefined {
    const invitation = environment.invitationByToken.get(token);
    return invitation && invitationWire(environment, invitation)["state"] === "pending" ? invitation : undefined;
  }

  function gone(c: Parameters<typeof deadEnd>[0]) {
    return deadEnd(c, "This invitation cannot be used", "It has been accepted, has expired, or was withdrawn.");
  }
}
