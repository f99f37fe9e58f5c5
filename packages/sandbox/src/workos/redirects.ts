import type { Hono } from "hono";
import { readBody, requiredText } from "./body.ts";
import { unprocessable } from "./errors.ts";
import { stamp } from "./state.ts";

interface Addresses {
  /** Where a code may be brought: exact addresses, the first of which is the default. */
  redirectUris: readonly string[];
  /** Where a browser may go after signing out: exact addresses, the first of which is the default. */
  signOutRedirects: readonly string[];
}

/** What the dashboard's Redirects page holds. Addresses are compared as texts: no pattern, no prefix, no case. */
export class Redirects {
  readonly #redirectUris: string[];
  readonly #signOutRedirects: readonly string[];

  constructor({ redirectUris, signOutRedirects }: Addresses) {
    this.#redirectUris = [...redirectUris];
    this.#signOutRedirects = signOutRedirects;
  }

  /** @returns false when it is registered already */
  register(uri: string): boolean {
    if (this.#redirectUris.includes(uri)) return false;
    this.#redirectUris.push(uri);
    return true;
  }

  isRegistered(uri: string): boolean {
    return this.#redirectUris.includes(uri);
  }

  list(): readonly string[] {
    return this.#redirectUris;
  }

  get defaultUri(): string | undefined {
    return this.#redirectUris[0];
  }

  /** The address asked for when it is listed, else the default; undefined when there is none (workos/authkit-remix issue 62). */
  afterSignOut(returnTo: string | undefined): string | undefined {
    return returnTo !== undefined && this.#signOutRedirects.includes(returnTo) ? returnTo : this.#signOutRedirects[0];
  }
}

/** Whether a code may ever be brought there: an absolute address without fragment or wildcard. */
export function isRedirectUri(text: string): boolean {
  return URL.canParse(text) && /^https?:\/\//i.test(text) && !text.includes("#") && !text.includes("*");
}

/** `POST /user_management/redirect_uris`. */
export function addRedirectRoute(app: Hono, redirects: Redirects): void {
  app.post("/user_management/redirect_uris", async (c) => {
    const uri = requiredText(await readBody(c), "uri");
    if (!isRedirectUri(uri)) throw unprocessable("uri", "must be an absolute http or https address without fragment or wildcard");
    if (!redirects.register(uri)) throw unprocessable("uri", "already exists");
    return c.json({ object: "redirect_uri", ...stamp("ruri"), uri, default: redirects.defaultUri === uri }, 201);
  });
}
