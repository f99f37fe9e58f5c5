import type { Delivery, DeliverySwitches, Flushed } from "./deliveries.ts";
import type { DirectoryProfile } from "./directories.ts";
import type { TwinMail } from "./mails.ts";
import type { WorkosTwinAddress } from "./twin.ts";

/** The admin side of a running WorkOS twin, in this process or in one of its own. Every call throws when the twin refuses it. */
export class WorkosTwinAdmin {
  readonly #twin: Pick<WorkosTwinAddress, "url" | "adminToken">;

  constructor(twin: Pick<WorkosTwinAddress, "url" | "adminToken">) {
    this.#twin = twin;
  }

  /** Changes how webhooks are delivered; what is not named stays. */
  async setWebhooks(changes: Partial<DeliverySwitches>): Promise<DeliverySwitches> {
    return (await this.call<{ switches: DeliverySwitches }>("PUT", "webhooks", changes)).switches;
  }

  /** Delivers in order and at once again. */
  async resetWebhooks(): Promise<void> {
    await this.call("DELETE", "webhooks");
  }

  /** Tries every delivery that waits once, now and even when paused, and waits for the answers. */
  async flushWebhooks(): Promise<Flushed> {
    return this.call("POST", "webhooks/flush");
  }

  /** Sends an event once more; answers to how many endpoints. */
  async resendWebhook(eventId: string): Promise<number> {
    return (await this.call<{ deliveries: number }>("POST", "webhooks/resend", { event_id: eventId })).deliveries;
  }

  /** Every delivery since the twin started, oldest first. */
  async deliveries(): Promise<Delivery[]> {
    return (await this.call<{ deliveries: Delivery[] }>("GET", "webhooks")).deliveries;
  }

  /** Moves the clock of events, invitations and retries forward; retries that become due are made. */
  async advanceClock(seconds: number): Promise<void> {
    await this.call("POST", "clock", { advance_seconds: seconds });
  }

  /** Connects a directory to an organization; answers its id. */
  async addDirectory(organizationId: string, name: string): Promise<string> {
    return this.#made("directories", { organization_id: organizationId, name });
  }

  /** Answers the id of the directory user. */
  async addDirectoryUser(directoryId: string, profile: Partial<DirectoryProfile>): Promise<string> {
    return this.#made(`directories/${directoryId}/users`, profile);
  }

  /** Changes a directory user; `{ state: "inactive" }` suspends. */
  async changeDirectoryUser(id: string, changes: Partial<DirectoryProfile>): Promise<void> {
    await this.call("PATCH", `directory_users/${id}`, changes);
  }

  async removeDirectoryUser(id: string): Promise<void> {
    await this.call("DELETE", `directory_users/${id}`);
  }

  /** Answers the id of the directory group. */
  async addDirectoryGroup(directoryId: string, name: string): Promise<string> {
    return this.#made(`directories/${directoryId}/groups`, { name });
  }

  async removeDirectoryGroup(id: string): Promise<void> {
    await this.call("DELETE", `directory_groups/${id}`);
  }

  async setDirectoryGroupMember(groupId: string, userId: string, member: boolean): Promise<void> {
    await this.call(member ? "PUT" : "DELETE", `directory_groups/${groupId}/users/${userId}`);
  }

  /** The mails that were written, oldest first; all, or those to one address. */
  async mails(to?: string): Promise<TwinMail[]> {
    const query = to === undefined ? "" : `?to=${encodeURIComponent(to)}`;
    return (await this.call<{ mails: TwinMail[] }>("GET", `mails${query}`)).mails;
  }

  /** Connects an organization to the twin's identity provider; answers the id of the connection. */
  async addConnection(organizationId: string, name: string): Promise<string> {
    return this.#made("connections", { organization_id: organizationId, name });
  }

  /** Suspends or revives a connection. */
  async setConnection(id: string, state: "active" | "inactive"): Promise<void> {
    await this.call("PATCH", `connections/${id}`, { state });
  }

  /** Signs in as a user, as a member of the WorkOS team may in the dashboard; answers where the dashboard would lead, and the code that leads there. */
  async impersonate(impersonation: {
    userId: string;
    email: string;
    reason: string;
    organizationId?: string;
  }): Promise<{ url: string; code: string }> {
    const { userId, organizationId, ...impersonator } = impersonation;
    return this.call("POST", "impersonations", {
      ...impersonator,
      user_id: userId,
      ...(organizationId === undefined ? {} : { organization_id: organizationId }),
    });
  }

  /** Any admin route, for example `call("POST", "sessions", { user_id })`. */
  async call<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const reply = await fetch(`${this.#twin.url}/__twin/${path}`, {
      method,
      headers: { "x-twin-admin": this.#twin.adminToken, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`The WorkOS twin refused ${method} /__twin/${path}: ${reply.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async #made(path: string, body: object): Promise<string> {
    return (await this.call<{ id: string }>("POST", path, body)).id;
  }
}
