import { newSecret } from "../ids.ts";
import { PageError } from "./page-error.ts";

/** What an application asked for. */
export interface AuthorizationRequest {
  redirectUri: string;
  /** Given back exactly as it came. */
  state: string | undefined;
  /** `code_challenge`, method S256. */
  challenge: string | undefined;
  organizationId: string | undefined;
  loginHint: string | undefined;
  domainHint: string | undefined;
  invitationToken: string | undefined;
}

/** A sign-in on its way, from the request of an application to the code it gets. It belongs to one browser. */
export interface Flow extends AuthorizationRequest {
  id: string;
  browser: string;
  /** The address that was entered. */
  email: string | undefined;
  /** The step that is asked for, as the sign-in said. */
  pendingToken: string | undefined;
  challengeId: string | undefined;
  organizations: readonly { id: string; name: string }[];
  expiresAt: number;
}

const LIFE_MS = 30 * 60_000;

export class Flows {
  readonly #byId = new Map<string, Flow>();
  readonly #newestOf = new Map<string, string>();

  open(browser: string, request: AuthorizationRequest): Flow {
    for (const [id, { expiresAt }] of this.#byId) if (expiresAt <= Date.now()) this.#byId.delete(id);
    const nothing = { email: undefined, pendingToken: undefined, challengeId: undefined, organizations: [] };
    const flow: Flow = { ...request, ...nothing, id: newSecret(16), browser, expiresAt: Date.now() + LIFE_MS };
    this.#byId.set(flow.id, flow);
    this.#newestOf.set(browser, flow.id);
    return flow;
  }

  /** @throws PageError 400 when there is none, or it belongs to another browser */
  find(id: string | undefined, browser: string): Flow {
    const flow = this.#byId.get(id ?? "");
    if (flow?.browser === browser && flow.expiresAt > Date.now()) return flow;
    throw new PageError(
      400,
      "This sign-in is over",
      "It has ended, or it began in another browser. Go back to the application and start again.",
    );
  }

  /** The flow this browser began last, when it is not over. */
  newest(browser: string): Flow | undefined {
    return this.#byId.get(this.#newestOf.get(browser) ?? "");
  }

  close(flow: Flow): void {
    this.#byId.delete(flow.id);
  }
}
