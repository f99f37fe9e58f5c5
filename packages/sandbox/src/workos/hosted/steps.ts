import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import { html } from "hono/html";
import type { AuthorizationCodes } from "../authorization-codes.ts";
import { ApiError } from "../errors.ts";
import { newChallenge } from "../factors.ts";
import type { RateLimits } from "../limits.ts";
import type { TwinSettings } from "../options.ts";
import type { PortalLinks } from "../portal.ts";
import type { Redirects } from "../redirects.ts";
import type { SignInAttempt, SignIns } from "../signin.ts";
import type { Environment, Session, User } from "../state.ts";
import type { Browsers } from "./browsers.ts";
import type { AuthorizationRequest, Flow, Flows } from "./flows.ts";
import { deadEnd, type Html, type Problem } from "./layout.ts";
import { problemOf, refusalCode } from "./messages.ts";
import type { Providers } from "./providers.ts";

/** Everything the hosted pages work with. */
export interface Hosted {
  environment: Environment;
  settings: TwinSettings;
  signIns: SignIns;
  codes: AuthorizationCodes;
  limits: RateLimits | undefined;
  redirects: Redirects;
  portalLinks: PortalLinks;
  browsers: Browsers;
  flows: Flows;
  providers: Providers;
}

type Answer = Response | Promise<Response>;

const STEP_PAGES: Readonly<Record<string, string>> = {
  email_verification_required: "/authkit/verify-email",
  mfa_challenge: "/authkit/totp",
  organization_selection_required: "/authkit/organizations",
};
const INVITATION_REFUSALS = ["invitation_invalid", "invitation_cannot_be_used_for_email"];

/** The flow that the request's query names, when it belongs to this browser. */
export function flowOf(c: Context, { browsers, flows }: Hosted): Flow {
  return flows.find(c.req.query("flow"), browsers.identify(c));
}

/** A form of a flow: posts to where it is, with the flow and the value that no other site can know. */
export function flowForm({ browsers }: Hosted, flow: Flow, action: string, body: Html): Html {
  return html`<form method="post" action="${action}?flow=${flow.id}">
<input type="hidden" name="flow" value="${flow.id}"><input type="hidden" name="form_token" value="${browsers.formToken(flow.browser, `${action} ${flow.id}`)}">
${body}
</form>`;
}

/** Reads a form that `flowForm` gave for this path. */
export async function readFlowForm(c: Context, { browsers, flows }: Hosted): Promise<{ flow: Flow; field: (name: string) => string }> {
  const field = await browsers.readForm(c, (name) => `${c.req.path} ${name("flow")}`);
  return { flow: flows.find(field("flow"), browsers.identify(c)), field };
}

/** A form that belongs to something other than a flow: a token, or a state, under the name of its field. */
export function keyedForm(c: Context, { browsers }: Hosted, action: string, name: string, key: string, body: Html): Html {
  return html`<form method="post" action="${action}">
<input type="hidden" name="${name}" value="${key}"><input type="hidden" name="form_token" value="${browsers.formToken(browsers.identify(c), `${action} ${key}`)}">
${body}
</form>`;
}

/** Reads a form that `keyedForm` gave for this path. */
export function readKeyedForm(c: Context, { browsers }: Hosted, name: string): Promise<(name: string) => string> {
  return browsers.readForm(c, (field) => `${c.req.path} ${field(name)}`);
}

/** Tries, and shows the page again with what was wrong when that is something a person can mend. */
export async function orShow(act: () => Answer, show: (problem: Problem) => Answer, field?: string): Promise<Response> {
  try {
    return await act();
  } catch (error) {
    const problem = problemOf(error, field);
    if (!problem) throw error;
    return show(problem);
  }
}

/** An attempt of this browser to sign this user in. */
export function attemptOf(c: Context, { browsers }: Hosted, flow: Flow, user: User, method: SignInAttempt["method"]): SignInAttempt {
  return {
    user,
    method,
    ipAddress: getConnInfo(c).remote.address ?? null,
    userAgent: c.req.header("user-agent") ?? null,
    factorPassed: false,
    invitationToken: flow.invitationToken,
    organizationId: flow.organizationId,
    continues: browsers.sessionOf(c),
  };
}

/** Takes an attempt as far as it gets: to the page of the next step, to an identity provider, or home with a code. */
export function advance(c: Context, hosted: Hosted, flow: Flow, attempt: SignInAttempt): Answer {
  try {
    return finish(c, hosted, flow, hosted.signIns.proceed(attempt));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const code = refusalCode(error);
    if (code === "sso_required") return toProvider(c, hosted, flow, "idp", String((error.body["connection_ids"] as string[])[0]));
    if (INVITATION_REFUSALS.includes(code)) return withoutInvitation(c, hosted, flow, error);
    const next = STEP_PAGES[code];
    if (next === undefined) throw error;
    flow.pendingToken = String(error.body["pending_authentication_token"]);
    flow.organizations = (error.body["organizations"] ?? []) as Flow["organizations"];
    const factor = hosted.environment.factors.get(String((error.body["authentication_factors"] as { id: string }[] | undefined)?.[0]?.id));
    flow.challengeId = factor ? newChallenge(hosted.environment, factor).id : undefined;
    return lead(c, `${next}?flow=${flow.id}`);
  }
}

function withoutInvitation(c: Context, hosted: Hosted, flow: Flow, error: ApiError): Answer {
  flow.invitationToken = undefined;
  hosted.browsers.dropInvitation(flow.browser);
  const link = html`<a class="button second" href="/authkit/sign-in?flow=${flow.id}">Sign in without the invitation</a>`;
  return deadEnd(c, "The invitation cannot be used", problemOf(error)?.message ?? "", 400, link);
}

/** Brings the browser home with a code, and remembers who is signed in. */
export function finish(c: Context, { browsers, codes, flows }: Hosted, flow: Flow, session: Session): Response {
  flows.close(flow);
  browsers.dropInvitation(flow.browser);
  browsers.signIn(c, session);
  return home(c, flow, { code: codes.issue(session, flow.challenge) });
}

/** Brings the browser home without a code: `error` as documented, never anything that was entered. */
export function fail(c: Context, request: AuthorizationRequest, error: string, description: string): Response {
  return home(c, request, { error, error_description: description });
}

function home(c: Context, { redirectUri, state }: AuthorizationRequest, answer: Readonly<Record<string, string>>): Response {
  const address = new URL(redirectUri);
  for (const [name, value] of Object.entries(answer)) address.searchParams.set(name, value);
  if (state !== undefined) address.searchParams.set("state", state);
  c.header("cache-control", "no-store");
  return lead(c, address.href);
}

/** Leads a browser on: after a form as RFC 9110 has it for that (303), else as the service does (302). */
export function lead(c: Context, address: string): Response {
  return c.redirect(address, c.req.method === "POST" ? 303 : 302);
}

/** Sends the browser to Google's page, or to an organization's identity provider. */
export function toProvider(c: Context, { providers }: Hosted, flow: Flow, kind: "google" | "idp", connectionId?: string): Response {
  return lead(c, `/${kind}/authorize?state=${providers.send(kind, flow, connectionId).state}`);
}
