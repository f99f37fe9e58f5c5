import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parse } from "yaml";

export type Schema = Record<string, unknown>;

interface Operation {
  /** `/user_management/users/{id}` */
  path: string;
  /** By status; null where the description names no JSON body. */
  replies: ReadonlyMap<number, Schema | null>;
}

interface PathItem {
  [method: string]: { responses?: Record<string, { content?: Record<string, { schema?: Schema }> }> } | undefined;
}

/**
 * The OpenAPI description WorkOS publishes as `@workos/openapi-spec`, read block by block: parsing all of its 31,000 lines takes
 * seconds, and a suite needs a few dozen operations.
 */
export class OpenApi {
  readonly #paths: ReadonlyMap<string, string>;
  readonly #schemas: ReadonlyMap<string, string>;
  readonly #parsed = new Map<string, unknown>();

  constructor() {
    const file = createRequire(import.meta.url).resolve("@workos/openapi-spec/spec");
    const text = readFileSync(file, "utf8");
    const [, paths = "", rest = ""] = /\npaths:\n([\s\S]*?)\n(?=\S)([\s\S]*)/.exec(text) ?? [];
    const [, schemas = ""] = /\n {2}schemas:\n([\s\S]*?)(?=\n {0,2}\S|$)/.exec(rest) ?? [];
    this.#paths = blocks(paths, 2);
    this.#schemas = blocks(schemas, 4);
    if (this.#paths.size < 100 || this.#schemas.size < 100)
      throw new Error("The form of @workos/openapi-spec has changed: too few blocks were found.");
  }

  /** The operation that serves this request, or undefined when the description has none. Literal segments win over parameters. */
  operation(method: string, path: string): Operation | undefined {
    const template = [...this.#paths.keys()]
      .filter((candidate) => matches(candidate, path))
      .sort((a, b) => a.split("{").length - b.split("{").length)[0];
    if (template === undefined) return undefined;
    const responses = (this.#parse(`path ${template}`, this.#paths.get(template)) as PathItem)[method.toLowerCase()]?.responses;
    if (!responses) return undefined;
    const replies = Object.entries(responses).map(
      ([status, { content }]) => [Number(status), content?.["application/json"]?.schema ?? null] as const,
    );
    return { path: template, replies: new Map(replies) };
  }

  /** A schema of `#/components/schemas`. */
  component(name: string): Schema {
    return this.#parse(`schema ${name}`, this.#schemas.get(name)) as Schema;
  }

  /** The schema of one kind of event; parsing all ninety of `EventSchema` takes seconds. Undefined when there is no such event. */
  event(name: string): Schema | undefined {
    const alternatives = (this.#schemas.get("EventSchema") ?? "").split(/^(?= {12}- )/m).slice(1);
    const text = alternatives.find((one) => new RegExp(`const: ['"]?${name.replaceAll(".", "\\.")}['"]?\\n`).test(one));
    return text === undefined ? undefined : (this.#parse(`event ${name}`, `event:\n${text}`) as Schema[])[0];
  }

  #parse(key: string, text: string | undefined): unknown {
    if (text === undefined) throw new Error(`@workos/openapi-spec has no ${key}.`);
    if (!this.#parsed.has(key)) this.#parsed.set(key, Object.values(parse(selfContained(text)) as object)[0]);
    return this.#parsed.get(key);
  }
}

/**
 * Cuts references to other blocks: examples make them, and examples are not read.
 *
 * @throws Error when a list of permitted values would be cut
 */
function selfContained(text: string): string {
  return text.replace(/(\w+: )?\*(ref_\d+)\b/g, (found, key: string | undefined, name: string) => {
    if (new RegExp(`&${name}\\b`).test(text)) return found;
    if (key === "enum: ") throw new Error(`A block of @workos/openapi-spec takes its values from another one (${name}).`);
    return `${key ?? ""}null`;
  });
}

/** Cuts a YAML mapping into its entries, whose keys stand at this indent. */
function blocks(text: string, indent: number): Map<string, string> {
  const entry = new RegExp(`^ {${indent}}(?=\\S)`, "m");
  const found = new Map<string, string>();
  for (const block of text.split(entry).slice(1)) {
    const key = block.slice(0, block.search(/:(?:\s|$)/)).replace(/^['"]|['"]$/g, "");
    found.set(key, " ".repeat(indent) + block);
  }
  return found;
}

function matches(template: string, path: string): boolean {
  const wanted = template.split("/");
  const given = path.split("/");
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith("{") || part === given[index]);
}
