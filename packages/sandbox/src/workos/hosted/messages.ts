import { ApiError } from "../errors.ts";
import type { Problem } from "./layout.ts";

const SENTENCES: Readonly<Record<string, string>> = {
  invalid_credentials: "The e-mail address or the password is not right.",
  invalid_one_time_code: "This code is not right. Check it and try again.",
  one_time_code_expired: "This code has expired. Ask for a new one.",
  one_time_code_previously_used: "This code has been used already. Wait for the next one.",
  one_time_code_too_many_attempts: "There were too many attempts with this code. Ask for a new one.",
  invalid_pending_authentication_token: "This step has taken too long. Start the sign-in again.",
  organization_membership_not_found: "You are no longer a member of this organization. Choose another one.",
  invitation_invalid: "This invitation has been used, has expired or was withdrawn.",
  invitation_cannot_be_used_for_email: "This invitation was sent to another e-mail address.",
  too_many_requests: "There were too many attempts. Wait a minute, then try again.",
};

/** The stable code of a refusal, in either of the shapes the API gives it. */
export function refusalCode(error: ApiError): string {
  return String(error.body["code"] ?? error.body["error"] ?? "");
}

/** What a person is told of a refusal; undefined when it is none that a person can do something about. */
export function problemOf(error: unknown, field?: string): Problem | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const message = SENTENCES[refusalCode(error)];
  if (message === undefined) return undefined;
  return { message, ...(field === undefined ? {} : { field }), status: error.status === 429 ? 429 : 400 };
}
