import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** An answer other than 2xx, in the shape the service gives it. Its text never holds a secret or an address. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: Record<string, unknown>, headers: Record<string, string> = {}) {
    super(`WorkOS twin answers ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

export interface InnerError {
  code: string;
  message: string;
  field?: string;
}

/** 404 for an id that names nothing. */
export function notFound(what: string, id: string): ApiError {
  return new ApiError(404, { message: `${what} not found: '${id}'.`, code: "entity_not_found", entity_id: id });
}

/** 400 with a stable code, and inner errors where the service lists them. */
export function badRequest(code: string, message: string, errors?: readonly InnerError[]): ApiError {
  return new ApiError(400, { code, message, ...(errors ? { errors } : {}) });
}

/** 400 in the shape of OAuth: `error` and `error_description`. */
export function oauthError(error: string, description: string): ApiError {
  return new ApiError(400, { error, error_description: description });
}

/** 409: the thing exists already. */
export function conflict(code: string, message: string): ApiError {
  return new ApiError(409, { code, message });
}

/** 422: a field is missing or has a wrong form; names the field, never its value. */
export function unprocessable(field: string, problem: string): ApiError {
  return new ApiError(422, { code: "invalid_request_parameters", message: `Validation failed: ${field} ${problem}.` });
}

/** Answers an error as the API does; one that is nobody's answer is a 500 and told on stderr, without what the request held. */
export function answerApiError(error: Error, c: Context): Response {
  if (error instanceof ApiError) return c.json(error.body, error.status as ContentfulStatusCode, error.headers);
  // The message may quote a body; where it happened is enough.
  process.stderr.write(`WorkOS twin: ${error.name}\n${(error.stack ?? "").split("\n").slice(1).join("\n")}\n`);
  return c.json({ message: "Internal Server Error" }, 500);
}
