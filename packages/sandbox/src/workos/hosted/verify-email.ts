import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { newEmailVerification } from "../one-time-codes.ts";
import { proveAddress } from "../proofs.ts";
import type { Flow } from "./flows.ts";
import { codeField, type Problem, page } from "./layout.ts";
import { advance, flowForm, flowOf, type Hosted, orShow, readFlowForm } from "./steps.ts";

/** The code that proves an address, before anything else happens with it. */
export function addVerifyEmailPage(app: Hono, hosted: Hosted): void {
  const { environment, limits, signIns } = hosted;
  const path = "/authkit/verify-email";

  app.get(path, (c) => show(c, flowOf(c, hosted)));

  app.post(path, async (c) => {
    const { flow, field } = await readFlowForm(c, hosted);
    return orShow(
      () => advance(c, hosted, flow, proveAddress(hosted, flow.pendingToken ?? "", field("code").trim())),
      (problem) => show(c, flow, problem),
      "code",
    );
  });

  app.post(`${path}/send`, async (c) => {
    const { flow } = await readFlowForm(c, hosted);
    return orShow(
      () => {
        const { user } = signIns.pending(flow.pendingToken ?? "", "email_verification_required");
        limits?.admit("codes", user.id);
        newEmailVerification(environment, user);
        return c.redirect(`${path}?flow=${flow.id}`, 303);
      },
      (problem) => show(c, flow, problem),
    );
  });

  function show(c: Context, flow: Flow, problem?: Problem) {
    return page(
      c,
      { title: "Verify your e-mail address", lead: "We sent a code to your address. It is valid for 10 minutes.", problem },
      html`${flowForm(hosted, flow, path, html`${codeField("Code from the e-mail", problem)}<button>Continue</button>`)}
${flowForm(hosted, flow, `${path}/send`, html`<button class="link">Send a new code</button>`)}
<p><a href="/authkit/sign-in?flow=${flow.id}">Use another address</a></p>`,
    );
  }
}
