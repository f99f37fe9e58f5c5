import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WorkOS } from "@workos-inc/node";

interface Stamped {
  id: string;
  created_at: string;
  updated_at: string;
}
export interface SourceUser extends Stamped {
  email: string;
  email_verified: boolean;
}
export interface SourceOrganization extends Stamped {
  name: string;
  external_id: string | null;
  metadata: Record<string, string>;
}
export interface SourceMembership extends Stamped {
  user_id: string;
  organization_id: string;
  status: "active" | "inactive" | "pending";
  role: string;
}
export interface SourceInvitation extends Stamped {
  organization_id: string;
  email: string;
  role_slug: string;
  state: "pending" | "accepted" | "revoked";
}
export interface SourceEvent {
  object: "event";
  id: string;
  event: string;
  created_at: string;
  data: Record<string, unknown>;
  context: Record<string, never>;
}

const START = Date.parse("2026-11-01T00:00:00Z");
export const WEBHOOK_SECRET = "whsec_test";

/**
 * A WorkOS environment that a test can replay: ids and times come from counters, so that one seed gives one history. Two changes may fall into
 * one millisecond, as at WorkOS. Events and objects have the shapes of its API description.
 */
export class Source {
  readonly users = new Map<string, SourceUser>();
  readonly organizations = new Map<string, SourceOrganization>();
  readonly memberships = new Map<string, SourceMembership>();
  readonly invitations = new Map<string, SourceInvitation>();
  readonly events: SourceEvent[] = [];
  /** Events before this index are no longer kept. */
  forgotten = 0;
  #ids = 0;
  #now = START;

  /** Milliseconds since 1970, by its own clock. */
  now = (): number => this.#now;

  /** Lets time pass; without it the next change falls into the same millisecond. */
  tick(ms = 1): void {
    this.#now += ms;
  }

  createUser(): SourceUser {
    const user = { ...this.#stamp("user"), email: `person${this.#ids}@example.com`, email_verified: false };
    this.users.set(user.id, user);
    this.#log("user.created", userWire(user));
    return user;
  }

  updateUser(user: SourceUser, change: Partial<Pick<SourceUser, "email" | "email_verified">>): void {
    Object.assign(user, change, { updated_at: this.#iso() });
    this.#log("user.updated", userWire(user));
  }

  /** WorkOS is not documented to announce what goes with a person or organization; `cascade` says whether it does. */
  deleteUser(user: SourceUser, cascade: boolean): void {
    this.users.delete(user.id);
    this.#log("user.deleted", userWire(user));
    for (const one of [...this.memberships.values()]) if (one.user_id === user.id) this.#drop(one, cascade);
  }

  createOrganization(type: string | null, personOf: string | null = null): SourceOrganization {
    const organization = {
      ...this.#stamp("org"),
      name: `Organization ${this.#ids}`,
      external_id: personOf === null ? null : `personal:${personOf}`,
      metadata: (type === null ? {} : { type }) as Record<string, string>,
    };
    this.organizations.set(organization.id, organization);
    this.#log("organization.created", organizationWire(organization));
    return organization;
  }

  renameOrganization(organization: SourceOrganization): void {
    Object.assign(organization, { name: `${organization.name}'`, updated_at: this.#iso() });
    this.#log("organization.updated", organizationWire(organization));
  }

  deleteOrganization(organization: SourceOrganization, cascade: boolean): void {
    this.organizations.delete(organization.id);
    this.#log("organization.deleted", organizationWire(organization));
    for (const one of [...this.memberships.values()]) if (one.organization_id === organization.id) this.#drop(one, cascade);
    for (const one of [...this.invitations.values()]) if (one.organization_id === organization.id) this.invitations.delete(one.id);
  }

  join(
    user: SourceUser,
    organization: SourceOrganization,
    role: string,
    status: SourceMembership["status"] = "active",
  ): SourceMembership | undefined {
    for (const one of this.memberships.values()) if (one.user_id === user.id && one.organization_id === organization.id) return undefined;
    const membership = { ...this.#stamp("om"), user_id: user.id, organization_id: organization.id, role, status };
    this.memberships.set(membership.id, membership);
    this.#log("organization_membership.created", membershipWire(membership));
    return membership;
  }

  updateMembership(membership: SourceMembership, change: Partial<Pick<SourceMembership, "role" | "status">>): void {
    Object.assign(membership, change, { updated_at: this.#iso() });
    this.#log("organization_membership.updated", membershipWire(membership));
  }

  deleteMembership(membership: SourceMembership): void {
    this.#drop(membership, true);
  }

  invite(organization: SourceOrganization, role: string): SourceInvitation {
    const invitation = {
      ...this.#stamp("invitation"),
      organization_id: organization.id,
      email: `guest${this.#ids}@example.com`,
      role_slug: role,
      state: "pending" as const,
    };
    this.invitations.set(invitation.id, invitation);
    this.#log("invitation.created", invitationWire(invitation));
    return invitation;
  }

  answerInvitation(invitation: SourceInvitation, state: "accepted" | "revoked"): void {
    if (invitation.state !== "pending") return;
    Object.assign(invitation, { state, updated_at: this.#iso() });
    this.#log(`invitation.${state}`, invitationWire(invitation));
  }

  revokeSession(sessionId: string, user: SourceUser): void {
    const at = this.#iso();
    this.#log("session.revoked", {
      object: "session",
      id: sessionId,
      user_id: user.id,
      auth_method: "password",
      status: "revoked",
      ip_address: null,
      user_agent: null,
      expires_at: at,
      ended_at: at,
      created_at: at,
      updated_at: at,
    });
  }

  log(event: string, data: Record<string, unknown>): SourceEvent {
    return this.#log(event, data);
  }

  #drop(membership: SourceMembership, announce: boolean): void {
    this.memberships.delete(membership.id);
    if (announce) this.#log("organization_membership.deleted", membershipWire(membership));
  }

  #log(name: string, data: Record<string, unknown>): SourceEvent {
    const event: SourceEvent = {
      object: "event",
      id: this.#eventId(),
      event: name,
      created_at: this.#iso(),
      data: structuredClone(data),
      context: {},
    };
    this.events.push(event);
    return event;
  }

  #stamp(prefix: string): Stamped {
    return { id: this.#id(prefix), created_at: this.#iso(), updated_at: this.#iso() };
  }

  #iso(): string {
    return new Date(this.#now).toISOString();
  }

  /** As a ULID: ordered by milliseconds, and within one as chance has it. What comes later in one does not sort later. */
  #eventId(): string {
    const chance = [...String(++this.#ids).padStart(8, "0")].reverse().join("");
    return `event_01${String(this.#now - START).padStart(16, "0")}${chance}`;
  }

  #id(prefix: string): string {
    return `${prefix}_01${String(++this.#ids).padStart(24, "0")}`;
  }
}

/** A webhook as WorkOS sends it: the body, and the header that signs it. */
export function signedWebhook(event: SourceEvent, secret = WEBHOOK_SECRET, at = Date.now()): { payload: string; signature: string } {
  const payload = JSON.stringify(event);
  return { payload, signature: `t=${at}, v1=${createHmac("sha256", secret).update(`${at}.${payload}`).digest("hex")}` };
}

/** What becomes of a request that changes something: it is never heard, its answer is lost, or it takes its time. */
export type SourceFault = "unheard" | "unanswered" | "slow" | "none";

export interface SourceServer {
  workos: WorkOS;
  requests: string[];
  /** For the next requests that change something, one each. */
  faults: SourceFault[];
  close(): Promise<void>;
}

/** Answers the SDK's reads, and changes of a member's role, from a source that can be exchanged between two tests. */
export async function serveSource(current: () => Source): Promise<SourceServer> {
  const requests: string[] = [];
  const faults: SourceFault[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    if (request.method === "PUT") void changeRole(current(), request, response, faults.shift() ?? "none");
    else answer(current(), request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    workos: new WorkOS("sk_test", { apiHostname: "127.0.0.1", port, https: false, maxRetries: 0 } as never),
    requests,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function changeRole(source: Source, request: IncomingMessage, response: ServerResponse, fault: SourceFault): Promise<void> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  if (fault === "unheard") return void request.socket.destroy();
  if (fault === "slow") await new Promise((resolve) => setTimeout(resolve, 40));
  const membership = source.memberships.get((request.url ?? "").split("/").at(-1) ?? "");
  if (membership) {
    source.tick();
    source.updateMembership(membership, { role: (JSON.parse(body) as { role_slug: string }).role_slug });
  }
  if (fault === "unanswered") return void request.socket.destroy();
  response.writeHead(membership ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify(membership ? membershipWire(membership) : { message: "organization_membership not found" }));
}

function answer(source: Source, request: IncomingMessage, response: ServerResponse): unknown {
  const url = new URL(request.url ?? "/", "http://source");
  const send = (status: number, body: unknown) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  const parts = url.pathname.split("/").filter(Boolean);
  const [kind, id] = parts[0] === "user_management" ? [parts[1], parts[2]] : [parts[0], parts[1]];
  const lists: Record<string, { all: Stamped[]; wire: (one: never) => unknown }> = {
    users: { all: [...source.users.values()], wire: userWire },
    organizations: { all: [...source.organizations.values()], wire: organizationWire },
    organization_memberships: { all: membershipsOf(source, url), wire: membershipWire },
    invitations: {
      all: [...source.invitations.values()].filter((one) => one.organization_id === url.searchParams.get("organization_id")),
      wire: invitationWire,
    },
  };
  if (kind === "events") return answerEvents(source, url, send);
  const list = lists[kind ?? ""];
  if (!list) return send(404, { message: "no such route" });
  if (id !== undefined) {
    const all: Stamped[] =
      kind === "organization_memberships"
        ? [...source.memberships.values()]
        : kind === "invitations"
          ? [...source.invitations.values()]
          : list.all;
    const found = all.find((one) => one.id === id);
    return found ? send(200, list.wire(found as never)) : send(404, { message: `${kind} not found` });
  }
  // Newest first, as WorkOS lists by default.
  const sorted = list.all.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  const after = url.searchParams.get("after");
  const from = after === null ? 0 : sorted.findIndex((one) => one.id < after);
  const page = from === -1 ? [] : sorted.slice(from, from + Number(url.searchParams.get("limit") ?? 10));
  const more = from !== -1 && from + page.length < sorted.length;
  return send(200, {
    object: "list",
    data: page.map((one) => list.wire(one as never)),
    list_metadata: { before: null, after: more ? page.at(-1)?.id : null },
  });
}

function answerEvents(source: Source, url: URL, send: (status: number, body: unknown) => void): unknown {
  const names = new Set(
    url.searchParams
      .getAll("events")
      .concat(url.searchParams.getAll("events[]"))
      .flatMap((text) => text.split(",")),
  );
  const after = url.searchParams.get("after");
  const since = url.searchParams.get("range_start");
  let kept = source.events.slice(source.forgotten);
  if (after !== null) {
    const at = kept.findIndex((one) => one.id === after);
    if (at === -1) return send(400, { code: "invalid_cursor", message: "The cursor is not known." });
    kept = kept.slice(at + 1);
  }
  if (since !== null) kept = kept.filter((one) => one.created_at >= since);
  const data = kept.filter((one) => names.has(one.event)).slice(0, Number(url.searchParams.get("limit") ?? 10));
  return send(200, { object: "list", data, list_metadata: { after: data.at(-1)?.id ?? null } });
}

function membershipsOf(source: Source, url: URL): SourceMembership[] {
  const statuses = url.searchParams
    .getAll("statuses")
    .concat(url.searchParams.getAll("statuses[]"))
    .flatMap((text) => text.split(","));
  const [user, organization] = [url.searchParams.get("user_id"), url.searchParams.get("organization_id")];
  return [...source.memberships.values()].filter(
    (one) =>
      (user === null || one.user_id === user) &&
      (organization === null || one.organization_id === organization) &&
      (statuses.length > 0 ? statuses : ["active"]).includes(one.status),
  );
}

function userWire(user: SourceUser): Record<string, unknown> {
  return {
    object: "user",
    ...user,
    first_name: null,
    last_name: null,
    name: null,
    profile_picture_url: null,
    last_sign_in_at: null,
    locale: null,
    external_id: null,
    metadata: {},
  };
}

function organizationWire(organization: SourceOrganization): Record<string, unknown> {
  return { object: "organization", ...organization, domains: [] };
}

function membershipWire({ role, ...membership }: SourceMembership): Record<string, unknown> {
  return {
    object: "organization_membership",
    ...membership,
    role: { slug: role },
    roles: [{ slug: role }],
    custom_attributes: {},
    directory_managed: false,
  };
}

function invitationWire(invitation: SourceInvitation): Record<string, unknown> {
  return {
    object: "invitation",
    ...invitation,
    accepted_at: null,
    revoked_at: null,
    expires_at: new Date(Date.parse(invitation.created_at) + 7 * 86_400_000).toISOString(),
    inviter_user_id: null,
    accepted_user_id: null,
  };
}
