import { type ErrorFacts, toTenancyError, withoutRowData } from "../errors.ts";

/** Why an organization function refused, for programs. */
export type OrganizationErrorCode =
  | "not_configured"
  | "solo_organization"
  | "not_owner"
  | "not_a_member"
  | "membership_ended"
  | "last_owner"
  | "transfer_open"
  | "owner_role"
  | "unknown_invitation"
  | "home_not_personal"
  | "transition_refused"
  | "organization_gone"
  | "unknown_organization"
  | "unknown_role"
  | "rows_remain"
  | "still_referenced"
  | "address_not_proved"
  | "bad_definition"
  | "bad_signature"
  | "busy"
  | "workos_refused";

interface Rule {
  message: string;
  next: string;
}

const RULES: Record<OrganizationErrorCode, Rule> = {
  not_configured: { message: "The organization functions have no configuration here.", next: "Call installOrganizations, then try again." },
  solo_organization: {
    message: "An organization of this type has one member only.",
    next: "Change its type first, if its type may become one with members.",
  },
  not_owner: { message: "Only the owner of the organization may do this.", next: "Ask the owner, or transfer the ownership first." },
  not_a_member: {
    message: "The person is not an active member of the organization.",
    next: "Invite the person, or reactivate the membership.",
  },
  membership_ended: {
    message: "The person's membership there has ended, or others are or were members; signing in does not bring it back.",
    next: "Look at the organization at WorkOS: whoever may decide it makes the membership there.",
  },
  last_owner: {
    message: "An organization would be left without its owner.",
    next: "Transfer the ownership, or delete that organization first.",
  },
  transfer_open: {
    message: "Another transfer of this organization's ownership is not confirmed by WorkOS yet.",
    next: "Let the sync loop tell WorkOS (pushTransfers), then ask again.",
  },
  owner_role: {
    message: "Nobody is invited as the owner.",
    next: "Invite with another role; the owner makes a member the owner by transferOwnership.",
  },
  unknown_invitation: {
    message: "The organization has no such invitation.",
    next: "Compare the two ids; one that was made at WorkOS is known after the next sync.",
  },
  home_not_personal: {
    message: "Homes of persons are not of the personal type.",
    next: "Give each person named a home of the personal type, and leave the organization to its owner: docs/decisions/home-and-practice.md.",
  },
  transition_refused: {
    message: "The type or tier of the organization cannot become this one.",
    next: "Compare with `becomes` and `tiers` of its type in the definition.",
  },
  organization_gone: { message: "The organization is deleted, or being deleted.", next: "Nothing more can be done with it." },
  unknown_organization: { message: "The organization is not known here.", next: "Let the sync run, then try again." },
  unknown_role: { message: "The role is not declared.", next: "Add it to `roles` of the definition and install again." },
  rows_remain: {
    message: "Rows of another table still name the organization.",
    next: "Give the job the right on the table the constraint names: run installOrganizations after the last migration.",
  },
  still_referenced: {
    message: "Rows of another organization refer to rows of this one.",
    next: "Declare `release` for the owner column of the table that the constraint refers to, or give those rows another parent; then go on.",
  },
  address_not_proved: { message: "WorkOS has not verified the person's address.", next: "Let the person verify it, then claim again." },
  bad_definition: { message: "The definition of organizations contradicts itself.", next: "Mend what the message names." },
  bad_signature: { message: "The webhook is not signed by WorkOS.", next: "Answer 401; compare the endpoint's secret." },
  busy: {
    message: "Somebody's open transaction holds what this needs; nothing was changed.",
    next: "Try again. If it stays, look for the blocker: select pg_blocking_pids(pid), * from pg_stat_activity where wait_event_type = 'Lock'.",
  },
  workos_refused: { message: "WorkOS refused the request.", next: "Look the code up in WorkOS's reference." },
};

/** Raised by the SQL of schema tenancy; class RO. */
const CODE_BY_STATE: Record<string, OrganizationErrorCode> = {
  RO001: "not_configured",
  RO002: "solo_organization",
  RO003: "not_owner",
  RO004: "not_a_member",
  RO005: "last_owner",
  RO006: "transition_refused",
  RO007: "organization_gone",
  RO008: "unknown_organization",
  RO009: "unknown_role",
  RO010: "rows_remain",
  RO011: "still_referenced",
  RO012: "transfer_open",
  RO013: "owner_role",
  RO014: "unknown_invitation",
  "55P03": "busy",
};

/** What the organization functions throw. It names codes, tables and constraints, never a row's value. */
export class OrganizationError extends Error {
  override readonly name = "OrganizationError";
  readonly code: OrganizationErrorCode;
  readonly next: string;
  readonly sqlstate: string | undefined;
  readonly table: string | undefined;
  readonly constraint: string | undefined;

  constructor(code: OrganizationErrorCode, own: { message?: string; next?: string; facts?: ErrorFacts } = {}) {
    super(own.message ?? RULES[code].message);
    this.code = code;
    this.next = own.next ?? RULES[code].next;
    this.sqlstate = own.facts?.sqlstate;
    this.table = own.facts?.table;
    this.constraint = own.facts?.constraint;
  }
}

/** What a database call of this room threw, as an OrganizationError where its SQLSTATE is ours, else as a TenancyError. */
export function toOrganizationError(error: unknown): Error {
  if (error instanceof OrganizationError) return error;
  const facts = withoutRowData(error);
  const code = CODE_BY_STATE[facts.sqlstate ?? ""];
  if (code) return new OrganizationError(code, { facts });
  // What a caller's own callback threw comes through unchanged.
  return facts.sqlstate === undefined && !isConnectionError(error) ? (error as Error) : toTenancyError(error);
}

function isConnectionError(error: unknown): boolean {
  return error instanceof Error && ("errno" in error || "syscall" in error || /connection|terminat/i.test(error.message));
}

/** WorkOS's status of a failed request; undefined when it was not an answer. */
export function workosStatus(error: unknown): number | undefined {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === "number" ? status : undefined;
}

const NO_ANSWER: ReadonlySet<number | undefined> = new Set([undefined, 408, 502, 504]);

/** Whether a request to WorkOS may still be on its way: there was no answer, or only one from something in between. */
export const gotNoAnswer = (error: unknown): boolean => NO_ANSWER.has(workosStatus(error));

/** Codes WorkOS gave, the outer one and those of its list. */
export function workosCodes(error: unknown): string[] {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown };
  const inner = Array.isArray(errors) ? errors.map((one) => (one as { code?: unknown } | null)?.code) : [];
  return [code, ...inner].filter((one): one is string => typeof one === "string");
}
