import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { chooseOrganization } from "../proofs.ts";
import type { Flow } from "./flows.ts";
import { type Problem, page } from "./layout.ts";
import { finish, flowForm, flowOf, type Hosted, orShow, readFlowForm } from "./steps.ts";

/** Which of their organizations a person goes to. */
export function addOrganizationsPage(app: Hono, hosted: Hosted): void {
  const path = "/authkit/organizations";

  app.get(path, (c) => show(c, flowOf(c, hosted)));

  app.post(path, async (c) => {
    const { flow, field } = await readFlowForm(c, hosted);
    return orShow(
      () => {
        const attempt = chooseOrganization(hosted, flow.pendingToken ?? "", field("organization_id"));
        return finish(c, hosted, flow, hosted.signIns.open(attempt, attempt.organizationId));
      },
      (problem) => show(c, flow, problem),
    );
  });

  function show(c: Context, flow: Flow, problem?: Problem) {
    const buttons = flow.organizations.map(
      ({ id, name }) => html`<button class="second" name="organization_id" value="${id}">${name}</button>`,
    );
    return page(
      c,
      { title: "Choose an organization", lead: "You belong to several. You can change later.", problem },
      html`${flowForm(hosted, flow, path, html`${buttons}`)}
<p><a href="/authkit/sign-in?flow=${flow.id}">Use another account</a></p>`,
    );
  }
}
