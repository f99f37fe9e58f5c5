import { newSecret } from "../ids.ts";
import type { Flow } from "./flows.ts";

export type ProviderKind = "google" | "idp";

/** A browser on its way to an identity provider and back. */
export interface Hop {
  state: string;
  kind: ProviderKind;
  flow: Flow;
  /** For an organization's identity provider. */
  connectionId: string | undefined;
}

/** Whom a provider says it has signed in. */
export interface Profile {
  email: string;
  firstName: string;
  lastName: string;
}

/** Sign-ins that are with a provider: `state` and `code` of each are used once, by the browser that began it. */
export class Providers {
  readonly #hops = new Map<string, Hop>();
  readonly #profiles = new Map<string, { profile: Profile; state: string }>();

  send(kind: ProviderKind, flow: Flow, connectionId?: string): Hop {
    const hop = { state: newSecret(24), kind, flow, connectionId };
    this.#hops.set(hop.state, hop);
    return hop;
  }

  find(state: string, browser: string, kind: ProviderKind): Hop | undefined {
    const hop = this.#hops.get(state);
    return hop?.flow.browser === browser && hop.kind === kind ? hop : undefined;
  }

  /** Uses the hop up. */
  take(state: string, browser: string): Hop | undefined {
    const hop = this.#hops.get(state);
    if (hop?.flow.browser !== browser) return undefined;
    this.#hops.delete(state);
    return hop;
  }

  issue(hop: Hop, profile: Profile): string {
    const code = newSecret(24);
    this.#profiles.set(code, { profile, state: hop.state });
    return code;
  }

  /** Uses a code up; it is worth something only with the `state` it was given for. */
  redeem(code: string, hop: Hop): Profile | undefined {
    const found = this.#profiles.get(code);
    this.#profiles.delete(code);
    return found?.state === hop.state ? found.profile : undefined;
  }
}
