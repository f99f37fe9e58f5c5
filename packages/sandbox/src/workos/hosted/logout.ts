import type { Hono } from "hono";
import { html } from "hono/html";
import { unprocessable } from "../errors.ts";
import { page } from "./layout.ts";
import type { Hosted } from "./steps.ts";

/** `GET /user_management/sessions/logout`: an application sends the browser here to end the session, at WorkOS too. */
export function addLogoutPage(app: Hono, { browsers, environment, redirects }: Hosted): void {
  app.get("/user_management/sessions/logout", (c) => {
    const session = environment.sessions.get(c.req.query("session_id") ?? "");
    if (!session) throw unprocessable("session_id", "names no session");
    environment.endSession(session);
    browsers.forget(c, session);
    const next = redirects.afterSignOut(c.req.query("return_to"));
    if (next !== undefined) return c.redirect(next, 302);
    return page(c, { title: "You are signed out", lead: html`No sign-out redirect is registered, so the way ends here.` });
  });
}
