import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { proveFactor } from "../proofs.ts";
import type { Flow } from "./flows.ts";
import { codeField, type Problem, page } from "./layout.ts";
import { advance, flowForm, flowOf, type Hosted, orShow, readFlowForm } from "./steps.ts";

/** The code of the person's authenticator app. */
export function addTotpPage(app: Hono, hosted: Hosted): void {
  const path = "/authkit/totp";

  app.get(path, (c) => show(c, flowOf(c, hosted)));

  app.post(path, async (c) => {
    const { flow, field } = await readFlowForm(c, hosted);
    return orShow(
      async () => {
        const attempt = await proveFactor(hosted, flow.pendingToken ?? "", flow.challengeId ?? "", field("code").trim());
        return advance(c, hosted, flow, attempt);
      },
      (problem) => show(c, flow, problem),
      "code",
    );
  });

  function show(c: Context, flow: Flow, problem?: Problem) {
    return page(
      c,
      { title: "Enter your authenticator code", lead: "Open your authenticator app and enter the six digits it shows.", problem },
      html`${flowForm(hosted, flow, path, html`${codeField("Code from the app", problem)}<button>Continue</button>`)}
<p><a href="/authkit/sign-in?flow=${flow.id}">Start again</a></p>`,
    );
  }
}
