import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { ALLOWANCES } from "./allowances.ts";
import { OpenApi, type Schema } from "./openapi.ts";

interface Reply {
  method: string;
  path: string;
  status: number;
  /** The body as text; empty when there is none. */
  text: string;
}

const REF = "#/components/schemas/";
const EVENT = "EventSchema";
const openApi = new OpenApi();
const ajv = new Ajv2020({ strict: false, allErrors: true });
(addFormats as unknown as (instance: Ajv2020) => void)(ajv);
const validators = new Map<string, ValidateFunction>();

/**
 * Holds a reply against the description of WorkOS.
 *
 * Stricter than the description: a field it does not name is a finding too, unless `allowances.ts` gives a reason.
 *
 * @returns what is wrong, in words that name fields and never values; empty when the reply fits
 */
export function checkReply({ method, path, status, text }: Reply): string[] {
  const operation = openApi.operation(method, path);
  const where = `${method} ${operation?.path ?? path} ${status}`;
  const allowed = ALLOWANCES.filter(
    (one) => (one.path === "*" || one.path === (operation?.path ?? path)) && (one.status === "*" || one.status === status),
  );
  if (!operation) return allowed.some((one) => one.missingReply) ? [] : [`${where}: the description has no such operation`];
  const schema = operation.replies.get(status);
  if (schema === undefined) return allowed.some((one) => one.missingReply) ? [] : [`${where}: the description names no such status`];
  if (schema === null) return text === "" ? [] : [`${where}: a body, where the description has none`];
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return [`${where}: the body is not JSON`];
  }
  const extra = allowed.flatMap((one) => one.extra ?? []);
  const found = findings(where, validatorOf(where, schema), body, extra);
  return operation.path === "/events" && status === 200 ? [...found, ...(body as { data: unknown[] }).data.flatMap(checkEvent)] : found;
}

/** Holds an event, from a list or a webhook, against the description of its kind. Answers as `checkReply` does. */
export function checkEvent(body: unknown): string[] {
  const name = String((body as { event?: unknown } | null)?.event);
  const schema = openApi.event(name);
  if (!schema) return [`event ${name}: the description has no such event`];
  const extra = ALLOWANCES.filter(({ path }) => path === EVENT).flatMap((one) => one.extra ?? []);
  return findings(`event ${name}`, validatorOf(`event ${name}`, schema), body, extra);
}

function findings(where: string, validate: ValidateFunction, body: unknown, extra: readonly string[]): string[] {
  if (validate(body)) return [];
  return (validate.errors ?? []).flatMap(({ instancePath, message, params }) => {
    const unknown: unknown = params["unevaluatedProperty"];
    if (typeof unknown === "string" && extra.some((pointer) => pointsAt(pointer, `${instancePath}/${unknown}`))) return [];
    const field = (unknown ?? params["missingProperty"] ?? "") as string;
    return [`${where}: ${instancePath || "/"} ${message}${field === "" ? "" : ` (${field})`}`];
  });
}

/** Whether a JSON pointer with `*` for any one segment names this place. */
function pointsAt(pointer: string, place: string): boolean {
  const wanted = pointer.split("/");
  const given = place.split("/");
  return wanted.length === given.length && wanted.every((part, index) => part === "*" || part === given[index]);
}

function validatorOf(where: string, schema: Schema): ValidateFunction {
  let validate = validators.get(where);
  if (!validate) {
    const components: Record<string, unknown> = {};
    const root = closed(schema, components);
    validate = ajv.compile({ ...(root as Schema), components: { schemas: components } });
    validators.set(where, validate);
  }
  return validate;
}

/** Copies a schema with every object closed (`unevaluatedProperties`), and the components it names beside it. */
function closed(schema: unknown, components: Record<string, unknown>, isPart = false): unknown {
  if (Array.isArray(schema)) return schema.map((item) => closed(item, components, isPart));
  if (typeof schema !== "object" || schema === null) return schema;
  const given = schema as Schema;
  if (typeof given["$ref"] === "string") {
    const name = given["$ref"].replace(REF, "");
    if (name === EVENT) return { type: "object" }; // held one by one, by `checkEvent`
    // A component may be closed in one place and part of a composition in another.
    const key = isPart ? `${name}.part` : name;
    if (!(key in components)) {
      components[key] = {};
      components[key] = closed(openApi.component(name), components, isPart);
    }
    return { $ref: `${REF}${key}` };
  }
  const copy: Schema = {};
  for (const [key, value] of Object.entries(given)) {
    if (key === "example" || key === "examples") continue;
    if (key === "properties")
      copy[key] = Object.fromEntries(Object.entries(value as Schema).map(([name, one]) => [name, closed(one, components)]));
    else if (key === "allOf" || key === "oneOf" || key === "anyOf") copy[key] = closed(value, components, true);
    else copy[key] = closed(value, components);
  }
  const describesObject = "properties" in copy || "allOf" in copy || "oneOf" in copy || "anyOf" in copy;
  if (describesObject && !isPart && !("additionalProperties" in copy)) copy["unevaluatedProperties"] = false;
  return copy;
}
