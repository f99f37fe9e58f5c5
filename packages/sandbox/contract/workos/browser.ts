import { expect } from "vitest";

/** A page as a person without a mouse would use it: what it says, and its forms. */
export interface Page {
  url: string;
  status: number;
  /** The text of the page as it came. */
  html: string;
  title: string;
  /** What `role=alert` says; empty when nothing is wrong. */
  problem: string;
}

/**
 * Follows links and forms the way a browser does: keeps cookies by host, follows redirects one by one, submits a form with its hidden fields.
 * It stops where `leavesTo` says: the application's own address, which nobody serves here.
 */
export class Browser {
  readonly #cookies = new Map<string, string>();
  readonly #leavesTo: readonly string[];
  page: Page = { url: "about:blank", status: 0, html: "", title: "", problem: "" };

  constructor(...leavesTo: string[]) {
    this.#leavesTo = leavesTo;
  }

  /** Opens an address; answers where the browser ends up. */
  async open(url: string): Promise<Page> {
    return this.#go(new URL(url), { method: "GET" });
  }

  /** Follows the link with this text. */
  async click(text: string): Promise<Page> {
    const links = [...this.page.html.matchAll(/<a [^>]*href="([^"]*)"[^>]*>([\s\S]*?)<\/a>/g)];
    const link = links.find(([, , label]) => label?.trim() === text);
    if (!link) throw new Error(`No link "${text}" on "${this.page.title}".`);
    return this.open(new URL(plain(link[1] ?? ""), this.page.url).href);
  }

  /**
   * Fills in the form that has this button, and presses it.
   *
   * @param changes hidden fields to falsify, or fields the form has not
   */
  async submit(
    button: string,
    fields: Readonly<Record<string, string>> = {},
    changes: Readonly<Record<string, string>> = {},
  ): Promise<Page> {
    const { action, body } = this.form(button, fields);
    for (const [name, value] of Object.entries(changes)) body.set(name, value);
    return this.post(action, body);
  }

  /** What pressing this button would send. */
  form(button: string, fields: Readonly<Record<string, string>> = {}): { action: string; body: URLSearchParams } {
    for (const [, attributes = "", inner = ""] of this.page.html.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)) {
      const pressed = [...inner.matchAll(/<button([^>]*)>([\s\S]*?)<\/button>/g)].find(
        ([, , label]) => plain(label ?? "").trim() === button,
      );
      if (!pressed) continue;
      const body = new URLSearchParams();
      const inputs = [...inner.matchAll(/<input([^>]*)>/g)].map(([, one = ""]) => ({
        name: attribute(one, "name"),
        value: attribute(one, "value"),
        hidden: attribute(one, "type") === "hidden",
        id: attribute(one, "id"),
      }));
      for (const { name, value } of inputs) body.set(name, value);
      for (const [name, value] of Object.entries(fields)) {
        const input = inputs.find((one) => one.name === name && !one.hidden);
        if (!input) throw new Error(`The form with "${button}" has no field ${name}.`);
        expect(inner, `a label for ${name}`).toContain(`<label for="${input.id}">`);
        body.set(name, value);
      }
      const name = attribute(pressed[1] ?? "", "name");
      if (name !== "") body.set(name, attribute(pressed[1] ?? "", "value"));
      return { action: new URL(attribute(attributes, "action"), this.page.url).href, body };
    }
    throw new Error(`No button "${button}" on "${this.page.title}" (${this.page.status}).`);
  }

  async post(action: string, body: URLSearchParams, headers: Record<string, string> = {}): Promise<Page> {
    const url = new URL(action);
    return this.#go(url, { method: "POST", body, headers: { origin: url.origin, ...headers } });
  }

  /** The cookies as they would be sent, for a look. */
  get cookies(): ReadonlyMap<string, string> {
    return this.#cookies;
  }

  async #go(first: URL, request: RequestInit): Promise<Page> {
    let [url, init] = [first, request];
    for (let hops = 0; hops < 10; hops++) {
      if (this.#leavesTo.some((address) => url.href.startsWith(address))) {
        this.page = { url: url.href, status: 0, html: "", title: "", problem: "" };
        return this.page;
      }
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const reply = await fetch(url, {
        ...init,
        redirect: "manual",
        headers: {
          ...(init.headers as Record<string, string>),
          ...(cookie === "" ? {} : { cookie }),
          accept: "text/html",
          "user-agent": "test browser",
        },
      });
      for (const set of reply.headers.getSetCookie()) this.#keep(set);
      const location = reply.headers.get("location");
      if (location === null) return this.#show(url, reply);
      await reply.arrayBuffer();
      url = new URL(location, url);
      init = { method: "GET" };
    }
    throw new Error("Too many redirects.");
  }

  #keep(set: string): void {
    const [pair = "", ...attributes] = set.split(";").map((part) => part.trim());
    expect(attributes, "cookies are out of scripts' reach, and not sent with others' forms").toEqual(expect.arrayContaining(["Path=/"]));
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    if (attributes.some((one) => /^max-age=0$/i.test(one)) || value === "") this.#cookies.delete(name);
    else {
      expect(attributes).toEqual(expect.arrayContaining(["HttpOnly", "SameSite=Lax"]));
      this.#cookies.set(name, value);
    }
  }

  async #show(url: URL, reply: Response): Promise<Page> {
    const html = await reply.text();
    const title = plain(/<h1>([\s\S]*?)<\/h1>/.exec(html)?.[1] ?? "");
    const alert = plain(/role="alert"[^>]*>([\s\S]*?)<\/div>/.exec(html)?.[1]?.replace(/<[^>]+>/g, "") ?? "").trim();
    this.page = { url: url.href, status: reply.status, html, title, problem: alert };
    if (reply.headers.get("content-type")?.startsWith("text/html")) wellMade(this.page, reply);
    return this.page;
  }
}

/** What every hosted page has: one heading, a language, a label for each field, no script, and no store. */
function wellMade({ html, url, problem }: Page, reply: Response): void {
  expect(html.match(/<h1>/g), `one h1 on ${url}`).toHaveLength(1);
  expect(html).toMatch(/<html lang="\w+">/);
  expect(html).not.toMatch(/<script| on\w+=|javascript:/i);
  for (const [, one = ""] of html.matchAll(/<input([^>]*)>/g)) {
    if (attribute(one, "type") !== "hidden") expect(html).toContain(`<label for="${attribute(one, "id")}">`);
  }
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  expect(new Set(ids).size, "ids are unique").toBe(ids.length);
  for (const [, named = ""] of html.matchAll(/aria-describedby="([^"]*)"/g)) {
    for (const id of named.split(" ").filter(Boolean)) expect(ids).toContain(id);
  }
  expect(html.match(/autofocus/g)?.length ?? 0, "at most one thing takes the focus").toBeLessThanOrEqual(1);
  if (problem !== "") expect(html).toMatch(/<title>Error: /);
  expect(reply.headers.get("cache-control")).toBe("no-store");
  expect(reply.headers.get("content-security-policy")).toContain("default-src 'none'");
}

function attribute(tag: string, name: string): string {
  return plain(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(tag)?.[1] ?? "");
}

function plain(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&");
}
