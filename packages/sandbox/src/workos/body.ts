import type { Context } from "hono";
import { ApiError, badRequest, unprocessable } from "./errors.ts";

export type Body = Readonly<Record<string, unknown>>;

// The stricter of the two limits WorkOS publishes (docs authkit/metadata against the OpenAPI description).
const METADATA_PAIRS = 10;
const METADATA_KEY_LENGTH = 40;
const METADATA_VALUE_LENGTH = 600;
const EXTERNAL_ID_LENGTH = 64;
const ASCII = /^[\x20-\x7e]*$/;

/** Reads a JSON object, or a form as OAuth clients send it; an empty body is an empty object. */
export async function readBody(c: Context): Promise<Body> {
  if (c.req.header("content-type")?.startsWith("application/x-www-form-urlencoded")) return await c.req.parseBody();
  const text = await c.req.text();
  if (text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Body;
    if (value === null) return {};
  } catch {
    // The parser's own message would quote the body.
  }
  throw new ApiError(400, { message: "The request body is not a JSON object." });
}

/** A text that must be there and not be empty. */
export function requiredText(body: Body, field: string): string {
  const value = body[field];
  if (typeof value !== "string" || value.trim() === "") throw unprocessable(field, "must be a non-empty string");
  return value;
}

/** A text, null, or undefined when the field was not sent. */
export function optionalText(body: Body, field: string, longest = 2_000): string | null | undefined {
  const value = body[field];
  if (value === undefined || value === null) return value;
  if (typeof value !== "string") throw unprocessable(field, "must be a string");
  if (value.length > longest) throw unprocessable(field, `must be at most ${longest} characters`);
  return value;
}

/** True, false, or undefined when the field was not sent; null counts as not sent. */
export function optionalFlag(body: Body, field: string): boolean | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw unprocessable(field, "must be true or false");
  return value;
}

/** A list of texts, or undefined when the field was not sent. */
export function optionalTexts(body: Body, field: string): string[] | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) throw unprocessable(field, "must be a list of strings");
  return value as string[];
}

/** `external_id`: at most 64 ASCII characters; null clears it. */
export function externalId(body: Body): string | null | undefined {
  const value = optionalText(body, "external_id", EXTERNAL_ID_LENGTH);
  if (value === "" || (value && !ASCII.test(value))) throw unprocessable("external_id", "must be 1 to 64 ASCII characters");
  return value;
}

/**
 * Applies `metadata` of a request to what is stored: keys are merged, a null value removes its key, `{}` and null remove all.
 *
 * @throws ApiError 400 invalid_metadata beyond 10 pairs, 40 characters a key, 600 a value, or outside ASCII
 */
export function mergeMetadata(stored: Readonly<Record<string, string>>, body: Body): Record<string, string> {
  const sent = body["metadata"];
  if (sent === undefined) return { ...stored };
  if (sent === null) return {};
  if (typeof sent !== "object" || Array.isArray(sent)) throw invalidMetadata("must be an object");
  const entries = Object.entries(sent as Record<string, unknown>);
  if (entries.length === 0) return {};
  const merged: Record<string, string> = { ...stored };
  for (const [key, value] of entries) {
    if (key === "" || key.length > METADATA_KEY_LENGTH || !ASCII.test(key)) throw invalidMetadata("keys must be 1 to 40 ASCII characters");
    if (value === null) {
      delete merged[key];
      continue;
    }
    if (typeof value !== "string" || value.length > METADATA_VALUE_LENGTH || !ASCII.test(value)) {
      throw invalidMetadata("values must be ASCII strings of at most 600 characters");
    }
    merged[key] = value;
  }
  if (Object.keys(merged).length > METADATA_PAIRS) throw invalidMetadata(`must not have more than ${METADATA_PAIRS} pairs`);
  return merged;
}

function invalidMetadata(problem: string): ApiError {
  return badRequest("invalid_metadata", `The metadata ${problem}.`);
}
