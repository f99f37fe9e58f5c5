import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** A refusal in Clerk's form: `{errors:[{code,message,long_message}],clerk_trace_id}`. Thrown by routes, written by the app's error handler. */
export class ClerkRefusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;
  readonly parameter: string | undefined;

  constructor(status: number, code: string, message: string, extra: { retryAfterSeconds?: number; parameter?: string } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = extra.retryAfterSeconds;
    this.parameter = extra.parameter;
  }

  answer(c: Context): Response {
    if (this.retryAfterSeconds !== undefined) c.header("Retry-After", String(this.retryAfterSeconds));
    const meta = this.parameter === undefined ? {} : { meta: { param_name: this.parameter } };
    const errors = [
      {
        code: this.code,
        message: this.message,
        long_message: this.message,
        ...meta,
      },
    ];
    return c.json({ errors, clerk_trace_id: randomUUID().replaceAll("-", "") }, this.status as ContentfulStatusCode);
  }
}

export const notFound = (what: string): ClerkRefusal => new ClerkRefusal(404, "resource_not_found", `${what} not found`);
export const invalid = (parameter: string, message: string): ClerkRefusal =>
  new ClerkRefusal(422, "form_param_value_invalid", message, { parameter });
export const taken = (parameter: string): ClerkRefusal =>
  new ClerkRefusal(422, "form_identifier_exists", `That ${parameter.replaceAll("_", " ")} is taken. Please try another.`, { parameter });
