import { createHash, createHmac, randomBytes } from "node:crypto";
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { sameText } from "../../twin/admin-door.ts";
import { newSecret } from "../ids.ts";
import type { SignIns } from "../signin.ts";
import type { Environment, Session } from "../state.ts";
import { PageError } from "./page-error.ts";

const SESSION_SECONDS = 7 * 24 * 3_600;

/**
 * What the hosted pages know of a browser, by two cookies: who it is (so that no other site can post its forms or finish its sign-ins),
 * and which session is open in it. The values are random; everything they stand for stays here.
 */
export class Browsers {
  readonly #environment: Environment;
  readonly #signIns: SignIns;
  readonly #secret = randomBytes(32);
  readonly #names: { browser: string; session: string };
  /** Ids that are given in the answer to a request. */
  readonly #given = new WeakMap<Request, string>();
  readonly #sessionIdByCookie = new Map<string, string>();
  readonly #invitationByBrowser = new Map<string, string>();

  constructor(environment: Environment, signIns: SignIns, clientId: string) {
    this.#environment = environment;
    this.#signIns = signIns;
    // Cookies do not know ports: two twins on one machine need names of their own.
    const suffix = createHash("sha256").update(clientId).digest("hex").slice(0, 8);
    this.#names = { browser: `authkit-browser-${suffix}`, session: `authkit-session-${suffix}` };
  }

  /** The browser's id; a new one is given where there is none. */
  identify(c: Context): string {
    const known = getCookie(c, this.#names.browser);
    if (known !== undefined && /^[\w-]{32}$/.test(known)) return known;
    const given = this.#given.get(c.req.raw);
    if (given !== undefined) return given;
    const fresh = newSecret(24);
    this.#given.set(c.req.raw, fresh);
    setCookie(c, this.#names.browser, fresh, { httpOnly: true, sameSite: "Lax", path: "/" });
    return fresh;
  }

  /** The open session of this browser, while it lives and has not been revoked. */
  sessionOf(c: Context): Session | undefined {
    const id = this.#sessionIdByCookie.get(getCookie(c, this.#names.session) ?? "");
    const session = this.#environment.sessions.get(id ?? "");
    return session && this.#signIns.isLive(session) ? session : undefined;
  }

  /** Remembers the session in this browser, under a new cookie. */
  signIn(c: Context, session: Session): void {
    this.#sessionIdByCookie.delete(getCookie(c, this.#names.session) ?? "");
    const cookie = newSecret(24);
    this.#sessionIdByCookie.set(cookie, session.id);
    setCookie(c, this.#names.session, cookie, { httpOnly: true, sameSite: "Lax", path: "/", maxAge: SESSION_SECONDS });
  }

  /** Takes a session that has ended out of this browser; one of somebody else stays. */
  forget(c: Context, { id }: Session): void {
    const cookie = getCookie(c, this.#names.session) ?? "";
    if (this.#sessionIdByCookie.get(cookie) !== id) return;
    this.#sessionIdByCookie.delete(cookie);
    deleteCookie(c, this.#names.session, { path: "/" });
  }

  /** Keeps an invitation that this browser's person wants to accept, until the next sign-in. */
  keepInvitation(browser: string, token: string): void {
    this.#invitationByBrowser.set(browser, token);
  }

  invitationOf(browser: string): string | undefined {
    return this.#invitationByBrowser.get(browser);
  }

  dropInvitation(browser: string): void {
    this.#invitationByBrowser.delete(browser);
  }

  /** The hidden value that a form for this purpose must bring back from this browser. */
  formToken(browser: string, purpose: string): string {
    return createHmac("sha256", this.#secret).update(`${browser} ${purpose}`).digest("base64url");
  }

  /**
   * Reads a form that this browser was given for this purpose.
   *
   * @param purposeOf makes the purpose of the fields, as it was when the form was given
   * @throws PageError 403 when another site posts it, or the form is not one this browser was given
   */
  async readForm(c: Context, purposeOf: (field: (name: string) => string) => string): Promise<(name: string) => string> {
    const body = await c.req.parseBody();
    const field = (name: string): string => (typeof body[name] === "string" ? body[name] : "");
    const origin = c.req.header("origin");
    const foreign = origin !== undefined && origin !== new URL(c.req.url).origin;
    const expected = this.formToken(this.identify(c), purposeOf(field));
    if (foreign || !sameText(field("form_token"), expected)) {
      throw new PageError(
        403,
        "This form cannot be used",
        "It is too old, was changed, or comes from elsewhere. Go back to the application and start again.",
      );
    }
    return field;
  }
}
