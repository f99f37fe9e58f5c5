import { Hono } from "hono";
import { html } from "hono/html";
import { answerApiError } from "../errors.ts";
import { addAuthorizePage } from "./authorize.ts";
import { addCallbackPage } from "./callback.ts";
import { addInvitationPage } from "./invitation.ts";
import { deadEnd, page } from "./layout.ts";
import { addLogoutPage } from "./logout.ts";
import { addMagicCodePage } from "./magic-code.ts";
import { addOrganizationsPage } from "./organizations.ts";
import { PageError } from "./page-error.ts";
import { addPasswordPage } from "./password.ts";
import { addPortalPage } from "./portal-page.ts";
import { addProviderPages } from "./provider-pages.ts";
import { addForgotPasswordPage, addResetPasswordPage } from "./reset-password.ts";
import { addSignInPage } from "./sign-in.ts";
import { addSignUpPage } from "./sign-up.ts";
import type { Hosted } from "./steps.ts";
import { STYLE } from "./style.ts";
import { addTotpPage } from "./totp.ts";
import { addVerifyEmailPage } from "./verify-email.ts";

/** The pages a browser sees: no API key, no script, forms only. */
export function hostedPages(hosted: Hosted): Hono {
  const app = new Hono();
  app.onError((error, c) => (error instanceof PageError ? deadEnd(c, error.title, error.message, error.status) : answerApiError(error, c)));

  app.get("/authkit", (c) =>
    page(
      c,
      { title: "Sign-in pages", lead: "Sign-ins begin at your application, which sends the browser here." },
      html`<p>Redirect addresses that are registered:</p><ul>${hosted.redirects.list().map((uri) => html`<li><code>${uri}</code></li>`)}</ul>`,
    ),
  );
  app.get("/authkit/style.css", (c) => c.body(STYLE, 200, { "content-type": "text/css; charset=utf-8" }));

  addAuthorizePage(app, hosted);
  addSignInPage(app, hosted);
  addPasswordPage(app, hosted);
  addMagicCodePage(app, hosted);
  addSignUpPage(app, hosted);
  addVerifyEmailPage(app, hosted);
  addTotpPage(app, hosted);
  addOrganizationsPage(app, hosted);
  addForgotPasswordPage(app, hosted);
  addResetPasswordPage(app, hosted);
  addInvitationPage(app, hosted);
  addProviderPages(app, hosted, "google");
  addProviderPages(app, hosted, "idp");
  addCallbackPage(app, hosted);
  addPortalPage(app, hosted);
  addLogoutPage(app, hosted);
  return app;
}
