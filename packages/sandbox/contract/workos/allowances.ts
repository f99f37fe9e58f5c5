/** What the description lacks although the service or its SDK has it. Everything else that differs is a finding. */
interface Allowance {
  /** A template of the description, `EventSchema` for what an event carries, or `*`. */
  path: string;
  status: number | "*";
  /** Fields a reply may have beyond its schema, as JSON pointers; `*` stands for one segment. */
  extra?: readonly string[];
  /** The description names no such reply. */
  missingReply?: true;
  reason: string;
}

export const ALLOWANCES: readonly Allowance[] = [
  {
    path: "*",
    status: "*",
    extra: ["/name", "/user/name", "/data/*/name", "/data/*/user/name"],
    reason: "A user's full name: @workos-inc/node 10.14 sends and reads it, and the later description on GitHub has it.",
  },
  {
    path: "*",
    status: 404,
    extra: ["/code", "/entity_id"],
    reason: "The description has only `message`. The SDK reads `code`; both fields are what the service is seen to send (unproven here).",
  },
  {
    path: "*",
    status: 422,
    extra: ["/code"],
    reason:
      "Some operations describe `code: invalid_request_parameters` beside `message`, others `message` alone; the twin always sends both.",
  },
  { path: "*", status: 401, missingReply: true, reason: "A wrong API key is described nowhere; the SDK reads the status only." },
  {
    path: "*",
    status: 429,
    missingReply: true,
    reason: "Limits stand in the docs (reference/rate-limits), and only two operations describe a 429.",
  },
  {
    path: "/user_management/organization_memberships",
    status: 409,
    missingReply: true,
    reason: "A duplicate of an active membership: not described; WorkOS's own importer and emulator treat it as 409.",
  },
  {
    path: "/user_management/authenticate",
    status: 403,
    extra: ["/pending_authentication_token", "/user", "/email", "/email_verification_id", "/authentication_factors", "/organizations"],
    reason: "Described as `code` and `message` only; docs reference/authkit/authentication-errors and the SDK's types show the rest.",
  },
  {
    path: "/user_management/organization_memberships",
    status: "*",
    extra: ["/roles", "/data/*/roles"],
    reason: "Several roles in a membership: the SDK reads `roles`, the description knows `role` only.",
  },
  {
    path: "/user_management/invitations/{id}/revoke",
    status: 404,
    missingReply: true,
    reason: "An invitation that does not exist: described for reading, accepting and resending, not for revoking.",
  },
  {
    path: "EventSchema",
    status: "*",
    extra: ["/data/name"],
    reason: "A user's full name, as above.",
  },
  { path: "*", status: 503, missingReply: true, reason: "Only a fault armed in the twin answers so." },
];
