import type { Event } from "@workos-inc/node";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { applyChanges, applyEvents, fetchMissing, receiveWebhook } from "./apply.ts";
import { changeOf } from "./changes.ts";
import { pollEvents } from "./poll.ts";
import { reconcile } from "./reconcile.ts";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { eleva } from "./testing/definition.ts";
import { Heard } from "./testing/heard.ts";
import { expectedInvitations, expectedMemberships, expectedUsers, type ReferenceTypes } from "./testing/reference.ts";
import {
  Source,
  type SourceEvent,
  type SourceFault,
  type SourceMembership,
  type SourceOrganization,
  type SourceServer,
  type SourceUser,
  serveSource,
  signedWebhook,
  WEBHOOK_SECRET,
} from "./testing/source.ts";
import { pushTransfers, transferOwnership } from "./transfer.ts";

// Repeat a failure with MODEL_SEED and MODEL_PATH as the message prints them. MODEL_RUNS for more; `npm run test:long` sets REHOME_LONG.
const SEED = Number(process.env["MODEL_SEED"] ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env["MODEL_RUNS"] ?? (process.env["REHOME_LONG"] ? 60 : 20));

const TYPES = ["patient_personal", "expert_individual", "clinic", "educational_institution"] as const;
const ROLES = ["owner", "admin", "member", "billing_admin"] as const;
const known = new Set<string>(TYPES);
const solo = new Set<string>(TYPES.filter((type) => eleva.types[type].members === "one"));
const types: ReferenceTypes = { known, solo, personal: "patient_personal" };

let database: OrganizationsDatabase;
let server: SourceServer;
let source = new Source();
beforeAll(async () => {
  database = await organizationsDatabase();
  server = await serveSource(() => source);
});
afterAll(async () => {
  await server?.close();
  await database?.drop();
});

/** What the test believes of the world beside the source. */
interface Model {
  /** Webhooks that are under way; some are never delivered. */
  onTheWay: SourceEvent[];
  delivered: SourceEvent[];
  heard: Heard;
  /** Who owned each organization when it was looked at last. */
  owned: Map<string, string>;
  /** Transfers that were asked for, and may have been taken. */
  asked: Transfer[];
}
interface Transfer {
  org: string;
  from: string;
  to: string;
}
const newModel = (): Model => ({ onTheWay: [], delivered: [], heard: new Heard(), owned: new Map(), asked: [] });
let model = newModel(); // of the history that runs
type Real = Record<string, never>;
type Command = fc.AsyncCommand<Model, Real>;

const sdkEvent = async (event: SourceEvent): Promise<Event> => {
  const { payload, signature } = signedWebhook(event);
  return await server.workos.webhooks.constructEvent({ payload: payload as never, sigHeader: signature, secret: WEBHOOK_SECRET });
};

/** A webhook arrives. Of an object whose end was delivered nothing is news any more. */
async function deliver(model: Model, event: SourceEvent): Promise<void> {
  const over = model.delivered.some((one) => one.event.endsWith(".deleted") && one.data["id"] === event.data["id"]);
  const { news } = await receiveWebhook({ workos: server.workos, run: database.sync, secret: WEBHOOK_SECRET, ...signedWebhook(event) });
  if (over) expect(news).toBe(0);
  model.heard.event(event);
  if (news > 0) model.heard.fetched(source); // which is when doubts are
  noteDelivered(model, event);
  await onlyWhatMayCountCounts(model);
}

function noteDelivered(model: Model, event: SourceEvent): void {
  model.onTheWay = model.onTheWay.filter((one) => one !== event);
  if (!model.delivered.includes(event)) model.delivered.push(event);
}

/** Never, not even in between, does a membership count that may not, and no organization has two owners. */
async function onlyWhatMayCountCounts(model: Model): Promise<void> {
  const { heard } = model;
  const rows = await database.rows<{ id: string }>("select id from memberships where status = 'active'");
  expect(rows.filter(({ id }) => !heard.mayCount(id))).toEqual([]);
  const owners = await database.rows(
    "select org_id from memberships where status = 'active' and role_slug = 'owner' group by 1 having count(*) > 1",
  );
  expect(owners).toEqual([]);
  await ownersOnlyChangeAsTheyMay(model);
}

/** Whom the mirror calls owner, suspended or not. */
async function ownersSeen(): Promise<Map<string, string>> {
  const rows = await database.rows<{ org: string; who: string }>(
    "select org_id as org, workos_user_id as who from memberships where role_slug = 'owner'",
  );
  const seen = new Map(rows.map(({ org, who }) => [org, who]));
  expect(seen.size).toBe(rows.length); // one each, suspended ones counted
  return seen;
}

/** Another owner only by a transfer, or when WorkOS does not call the one before owner any more; back only when the new one is no active member. */
async function ownersOnlyChangeAsTheyMay({ heard, owned, asked }: Model): Promise<void> {
  const seen = await ownersSeen();
  for (const [org, before] of owned) {
    const now = seen.get(org);
    if (now === before) continue;
    const slipped = !heard.stayedOwner(org, before);
    if (now === undefined) {
      if (slipped) owned.delete(org);
      continue;
    }
    const gave = asked.some((one) => one.org === org && one.from === before && one.to === now);
    const undone = asked.some((one) => one.org === org && one.from === now && one.to === before) && !isActiveMember(heard, org, before);
    expect({ org, before, now, may: slipped || gave || undone }).toMatchObject({ may: true });
  }
  for (const [org, now] of seen) owned.set(org, now);
  heard.checked();
}

/** At WorkOS, and as far as was heard. */
function isActiveMember(heard: Heard, org: string, user: string): boolean {
  const found = [...source.memberships.values()].find((one) => one.organization_id === org && one.user_id === user);
  return found !== undefined && found.status === "active" && heard.mayCount(found.id);
}

const pick = <T>(from: Iterable<T>, index: number): T | undefined => {
  const all = [...from];
  return all[index % Math.max(all.length, 1)];
};

/** Something happens at WorkOS. */
class Happens implements Command {
  readonly what: string;
  readonly change: (n: number) => void;
  readonly n: number;
  readonly sameInstant: boolean;
  constructor(what: string, n: number, sameInstant: boolean, change: (n: number) => void) {
    this.what = what;
    this.n = n;
    this.sameInstant = sameInstant;
    this.change = change;
  }
  check = () => true;
  async run(model: Model): Promise<void> {
    if (!this.sameInstant) source.tick();
    const before = source.events.length;
    this.change(this.n);
    model.onTheWay.push(...source.events.slice(before));
  }
  toString = () => `${this.what}(${this.n})`;
}

/** Some webhooks arrive, in any order, some of them twice. */
class Arrive implements Command {
  readonly order: number;
  readonly count: number;
  readonly replay: boolean;
  constructor(order: number, count: number, replay: boolean) {
    this.order = order;
    this.count = count;
    this.replay = replay;
  }
  check = (model: Readonly<Model>) => model.onTheWay.length > 0 || (this.replay && model.delivered.length > 0);
  async run(model: Model): Promise<void> {
    const events = shuffled(this.replay ? [...model.onTheWay, ...model.delivered] : model.onTheWay, this.order).slice(0, this.count);
    for (const event of events) await deliver(model, event);
  }
  toString = () => `arrive(${this.order}, ${this.count}${this.replay ? ", replay" : ""})`;
}

/** Webhooks that WorkOS gave up on. */
class Lost implements Command {
  readonly order: number;
  constructor(order: number) {
    this.order = order;
  }
  check = (model: Readonly<Model>) => model.onTheWay.length > 0;
  async run(model: Model): Promise<void> {
    model.onTheWay = shuffled(model.onTheWay, this.order).slice(1);
  }
  toString = () => `lost(${this.order})`;
}

/** A process dies between applying and committing. */
class Killed implements Command {
  readonly order: number;
  constructor(order: number) {
    this.order = order;
  }
  check = (model: Readonly<Model>) => model.onTheWay.length > 0;
  async run(model: Model): Promise<void> {
    const events = await Promise.all(shuffled(model.onTheWay, this.order).map(sdkEvent));
    const changes = events.map(changeOf).filter((change) => change !== undefined);
    const dead = database.sync(async (query) => {
      await applyChanges(query, changes);
      const { rows } = await query<{ pid: number }>("select pg_backend_pid() as pid");
      await database.owner.query("select pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
    });
    await expect(dead).rejects.toMatchObject({ code: "unreachable" });
    await onlyWhatMayCountCounts(model);
  }
  toString = () => `killed(${this.order})`;
}

/** The Events API is read to its end, by one process or by two at once. */
class Poll implements Command {
  readonly twice: boolean;
  constructor(twice: boolean) {
    this.twice = twice;
  }
  check = () => true;
  async run(model: Model): Promise<void> {
    const parts = { workos: server.workos, run: database.sync, readsPerSecond: 1e6, now: source.now };
    const polled = await Promise.all([pollEvents(parts), this.twice ? pollEvents(parts) : undefined]);
    if (polled.some((one) => one?.reconciled)) model.heard.compared(source);
    for (const event of source.events.slice(source.forgotten)) model.heard.event(event);
    model.heard.fetched(source);
    await onlyWhatMayCountCounts(model);
  }
  toString = () => `poll(${this.twice ? "twice" : ""})`;
}

/** WorkOS no longer keeps what is old. */
class Forget implements Command {
  check = () => true;
  async run(): Promise<void> {
    source.forgotten = source.events.length;
  }
  toString = () => "forget";
}

class Reconcile implements Command {
  check = () => true;
  async run(model: Model): Promise<void> {
    source.tick();
    await reconcile({ workos: server.workos, run: database.sync, readsPerSecond: 1e6, now: source.now });
    model.heard.compared(source);
    await onlyWhatMayCountCounts(model);
    source.tick();
  }
  toString = () => "reconcile";
}

const parts = () => ({ workos: server.workos, run: database.sync });

/** What happened at WorkOS because of `work` is on its way, and what was asked there is known. */
async function atWorkos(model: Model, work: () => Promise<unknown>): Promise<void> {
  const before = source.events.length;
  source.tick();
  const calledOwner = new Set([...source.memberships.values()].filter((one) => one.role === "owner").map(({ id }) => id));
  await work();
  server.faults.length = 0;
  source.tick();
  model.onTheWay.push(...source.events.slice(before));
  const open = await database.rows<{ org: string }>("select org_id as org from tenancy.transfer");
  for (const { org, from, to } of model.asked) {
    const of = [...source.memberships.values()].filter((one) => one.organization_id === org);
    // WorkOS never has nobody, because of a transfer: the old owner steps down only for one who is there.
    const old = of.find((one) => one.user_id === from);
    if (old && calledOwner.has(old.id) && old.role !== "owner") expect(of.filter((one) => one.role === "owner")).not.toEqual([]);
    if (!open.some((one) => one.org === org)) for (const one of of) if ([from, to].includes(one.user_id)) model.heard.told(one);
  }
  await onlyWhatMayCountCounts(model);
  model.asked = model.asked.filter(({ org }) => open.some((one) => one.org === org));
}

/** An owner gives an organization to another member, WorkOS being slow or silent; at once the new one gives it on, and another process pushes. */
class Give implements Command {
  readonly n: number;
  readonly faults: readonly SourceFault[];
  readonly rush: boolean;
  constructor(n: number, faults: readonly SourceFault[], rush: boolean) {
    this.n = n;
    this.faults = faults;
    this.rush = rush;
  }
  check = () => true;
  run = (model: Model): Promise<void> => this.give(model);
  async give(model: Model, org?: string): Promise<void> {
    const pairs = await database.rows<Transfer>(
      `select o.org_id as org, o.workos_user_id as from, m.workos_user_id as to from memberships o join memberships m on m.org_id = o.org_id
        where o.role_slug = 'owner' and o.status = 'active' and m.status = 'active' and m.workos_user_id <> o.workos_user_id
          and ($1::text is null or o.org_id = $1) order by 1, 3`,
      [org ?? null],
    );
    const transfer = pick(pairs, this.n);
    if (!transfer) return;
    const third = pairs.find((one) => one.org === transfer.org && one.to !== transfer.to)?.to ?? transfer.from;
    const give = ({ org, from, to }: Transfer) => transferOwnership(parts(), { orgId: org, from, to });
    const openBefore = await database.rows("select from tenancy.transfer where org_id = $1", [transfer.org]);
    await atWorkos(model, async () => {
      server.faults.push(...this.faults);
      if (openBefore.length === 0) model.asked.push(transfer);
      const all = [give(transfer)];
      if (this.rush)
        all.push(
          give({ ...transfer, from: transfer.to, to: third }),
          pushTransfers(parts()).then(() => undefined),
        );
      const [first, second] = await Promise.allSettled(all);
      if (openBefore.length > 0) expect(codeOf(first)).toBe("transfer_open");
      if (second?.status === "fulfilled") model.asked.push({ ...transfer, from: transfer.to, to: third });
    });
  }
  toString = () => `give(${this.n}, ${this.faults.join(" ")}${this.rush ? ", rush" : ""})`;
}

const codeOf = (result: PromiseSettledResult<unknown> | undefined): unknown =>
  result?.status === "rejected" ? (result.reason as { code?: unknown }).code : undefined;

/** A request without an answer holds its transfer for fifteen minutes: they are over, and no request is on its way any more. */
const letHoldsPass = () => database.owner.query("update tenancy.transfer set held_until = now() where held_until is not null");

/** The new owner is removed or suspended at WorkOS while that cannot be told of the transfer. */
class GiveToWhoGoes implements Command {
  readonly n: number;
  constructor(n: number) {
    this.n = n;
  }
  check = () => true;
  async run(model: Model): Promise<void> {
    const before = source.events.length;
    source.tick();
    const clinic = source.createOrganization("clinic");
    const members = ["owner", "member"].map((role) => source.join(source.createUser(), clinic, role) as SourceMembership);
    for (const event of source.events.slice(before)) await deliver(model, event);
    await new Give(0, [this.n % 2 === 0 ? "unheard" : "unanswered"], false).give(model, clinic.id);
    const [, chosen] = members as [SourceMembership, SourceMembership];
    await atWorkos(model, async () =>
      this.n % 3 === 0 ? source.updateMembership(chosen, { status: "inactive" }) : source.deleteMembership(chosen),
    );
    await letHoldsPass();
    await new PushTransfers([]).run(model);
    expect([...source.memberships.values()].filter((one) => one.organization_id === clinic.id && one.role === "owner")).toHaveLength(1);
  }
  toString = () => `giveToWhoGoes(${this.n})`;
}

/** Whoever is suspended is removed and joins again: suspended, until that membership is suspended and made active again. */
class Rejoin implements Command {
  readonly n: number;
  readonly lifted: boolean;
  constructor(n: number, lifted: boolean) {
    this.n = n;
    this.lifted = lifted;
  }
  check = () => true;
  async run(model: Model): Promise<void> {
    const membership = pick(membersOfMany(), this.n) ?? joinClinic(model, this.n);
    const [user, organization] = [source.users.get(membership.user_id), source.organizations.get(membership.organization_id)];
    if (!user || !organization) return;
    const before = source.events.length;
    for (const change of [
      () => source.updateMembership(membership, { status: "inactive" }),
      () => source.deleteMembership(membership),
      () => source.join(user, organization, "member"),
    ]) {
      source.tick();
      change();
    }
    for (const event of shuffled(source.events.slice(before), this.n)) await deliver(model, event);
    const again = [...source.memberships.values()].find((one) => one.user_id === user.id && one.organization_id === organization.id);
    const rows = await database.rows<{ status: string }>("select status from memberships where id = $1", [again?.id]);
    expect(rows.filter(({ status }) => status !== "suspended")).toEqual([]);
    if (!this.lifted || !again) return;
    const later = source.events.length;
    for (const status of ["inactive", "active"] as const) {
      source.tick();
      source.updateMembership(again, { status });
    }
    model.onTheWay.push(...source.events.slice(later));
  }
  toString = () => `rejoin(${this.n}${this.lifted ? ", lifted" : ""})`;
}

class PushTransfers implements Command {
  readonly faults: readonly SourceFault[];
  constructor(faults: readonly SourceFault[]) {
    this.faults = faults;
  }
  check = () => true;
  async run(model: Model): Promise<void> {
    await atWorkos(model, async () => {
      server.faults.push(...this.faults);
      await pushTransfers(parts()).catch(() => undefined);
    });
  }
  toString = () => `push(${this.faults.join(" ")})`;
}

const ARRIVALS = ["in order", "turned round", "together"] as const;

/**
 * A member is suspended and activated in one millisecond, in either order. Both events arrive while WorkOS cannot be reached, apart in either
 * order or together: then the state counts that gives less, until it was fetched.
 */
class OneInstant implements Command {
  readonly n: number;
  readonly last: "active" | "inactive";
  readonly arrival: (typeof ARRIVALS)[number];
  constructor(n: number, last: OneInstant["last"], arrival: OneInstant["arrival"]) {
    this.n = n;
    this.last = last;
    this.arrival = arrival;
  }
  check = () => true;
  async run(model: Model): Promise<void> {
    const membership = pick(membersOfMany(), this.n) ?? joinClinic(model, this.n);
    const said = source.events.findLast(({ data }) => data["id"] === membership.id) as SourceEvent;
    await deliver(model, said); // so that it has a row
    source.tick();
    const before = source.events.length;
    for (const status of this.last === "active" ? (["inactive", "active"] as const) : (["active", "inactive"] as const))
      source.updateMembership(membership, { status });
    const events = source.events.slice(before);
    if (this.arrival === "turned round") events.reverse();
    await this.#arrive(model, membership, this.arrival === "together" ? [events] : events.map((event) => [event]));
    // Once more in the same millisecond, and the Events API brings all of it at once: what is known by now is among it.
    source.updateMembership(membership, { status: this.last === "active" ? "inactive" : "active" });
    await this.#arrive(model, membership, [source.events.slice(before)]);
  }

  async #arrive(model: Model, membership: SourceMembership, batches: readonly SourceEvent[][]): Promise<void> {
    for (const batch of batches) {
      await applyEvents(database.sync, await Promise.all(batch.map(sdkEvent)));
      for (const event of batch) {
        model.heard.event(event);
        noteDelivered(model, event);
      }
      await onlyWhatMayCountCounts(model);
    }
    expect([model.heard.mayCount(membership.id), model.heard.isSettled(membership.id)]).toEqual([false, false]);
    await fetchMissing({ workos: server.workos, run: database.sync });
    model.heard.fetched(source);
    await onlyWhatMayCountCounts(model);
    await isAsAtSource(membership);
  }
  toString = () => `oneInstant(${this.n}, ${this.last} last, ${this.arrival})`;
}

/** Members where nothing else stands in the way of their counting. */
function membersOfMany(): SourceMembership[] {
  const hasMany = (type = "") => known.has(type) && !solo.has(type);
  return [...source.memberships.values()].filter(
    ({ status, organization_id: org }) => status !== "pending" && hasMany(source.organizations.get(org)?.metadata["type"]),
  );
}

function joinClinic(model: Model, n: number): SourceMembership {
  const clinics = [...source.organizations.values()].filter(({ metadata }) => metadata["type"] === "clinic");
  const before = source.events.length;
  source.tick();
  const organization = pick(clinics, n) ?? source.createOrganization("clinic");
  const membership = source.join(source.createUser(), organization, ROLES[n % ROLES.length] as string);
  model.onTheWay.push(...source.events.slice(before));
  return membership as SourceMembership;
}

/** What was fetched counts as WorkOS has it. */
async function isAsAtSource({ id, status }: SourceMembership): Promise<void> {
  const rows = await database.rows<{ status: string }>("select status from memberships where id = $1", [id]);
  expect(rows).toEqual([{ status: status === "active" ? "active" : "suspended" }]);
}

/** Somebody joins, gets another role and is removed before everything is compared; what happened before that is delivered only after it. */
class Late implements Command {
  readonly n: number;
  constructor(n: number) {
    this.n = n;
  }
  check = () => true;
  async run(model: Model): Promise<void> {
    const membership = joinClinic(model, this.n);
    const before = source.events.length;
    source.tick();
    source.updateMembership(membership, { role: ROLES[(this.n + 1) % ROLES.length] as string });
    source.tick();
    source.deleteMembership(membership);
    model.onTheWay.push(...source.events.slice(before));
    await new Reconcile().run(model);
    const late = source.events.filter(({ event, data }) => data["id"] === membership.id && !event.endsWith(".deleted"));
    for (const event of shuffled(late, this.n)) await deliver(model, event);
  }
  toString = () => `late(${this.n})`;
}

/** A membership, person or organization is deleted; the end arrives first, then all that was before, then the end again. */
class EndFirst implements Command {
  readonly n: number;
  readonly what: "membership" | "user" | "organization";
  readonly sameInstant: boolean;
  constructor(n: number, what: EndFirst["what"], sameInstant: boolean) {
    this.n = n;
    this.what = what;
    this.sameInstant = sameInstant;
  }
  check = () => ({ membership: source.memberships, user: source.users, organization: source.organizations })[this.what].size > 0;
  async run(model: Model): Promise<void> {
    const { n, what, sameInstant } = this;
    const before = source.events.length;
    if (!sameInstant) source.tick();
    if (what === "membership") {
      const membership = pick(source.memberships.values(), n) as SourceMembership;
      source.updateMembership(membership, { status: "active" });
      source.deleteMembership(membership);
    } else if (what === "user") source.deleteUser(pick(source.users.values(), n) as SourceUser, n % 2 === 0);
    else source.deleteOrganization(pick(source.organizations.values(), n) as SourceOrganization, n % 2 === 0);
    const events = source.events.slice(before);
    model.onTheWay.push(...events);
    const end = events.find(({ event }) => event === `${what === "membership" ? "organization_membership" : what}.deleted`) as SourceEvent;
    const earlier = source.events.filter(({ data }) => data["id"] === end.data["id"]);
    for (const event of [end, ...shuffled(earlier, n).slice(0, 4), end]) await deliver(model, event);
  }
  toString = () => `endFirst(${this.what}, ${this.n})`;
}

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const copy = [...list];
  let state = seed + 1;
  for (let i = copy.length - 1; i > 0; i--) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
    const j = state % (i + 1);
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

const changes: Record<string, (n: number) => void> = {
  signUp: (n) => {
    const user = source.createUser();
    const organization = source.createOrganization(TYPES[n % 2] as string, user.id);
    source.join(user, organization, "owner");
  },
  createUser: () => void source.createUser(),
  createOrganization: (n) => void source.createOrganization(n % 7 === 0 ? null : (TYPES[n % TYPES.length] as string)),
  join: (n) => {
    const [user, organization] = [pick(source.users.values(), n), pick(source.organizations.values(), n >> 3)];
    if (user && organization) source.join(user, organization, ROLES[n % ROLES.length] as string, n % 5 === 0 ? "pending" : "active");
  },
  changeRole: (n) => {
    const membership = pick(source.memberships.values(), n);
    if (membership) source.updateMembership(membership, { role: ROLES[(n >> 4) % ROLES.length] as string });
  },
  suspend: (n) => {
    const membership = pick(source.memberships.values(), n);
    if (membership && membership.status !== "pending") source.updateMembership(membership, { status: "inactive" });
  },
  activate: (n) => {
    const membership = pick(source.memberships.values(), n);
    if (membership) source.updateMembership(membership, { status: "active" });
  },
  remove: (n) => {
    const membership = pick(source.memberships.values(), n);
    if (membership) source.deleteMembership(membership);
  },
  changeAddress: (n) => {
    const user = pick(source.users.values(), n);
    if (user) source.updateUser(user, { email: `moved${n}@example.com`, email_verified: n % 2 === 0 });
  },
  rename: (n) => {
    const organization = pick(source.organizations.values(), n);
    if (organization) source.renameOrganization(organization);
  },
  deleteUser: (n) => {
    const user = pick(source.users.values(), n);
    if (user && n % 3 === 0) source.deleteUser(user, n % 2 === 0);
  },
  deleteOrganization: (n) => {
    const organization = pick(source.organizations.values(), n);
    if (organization && n % 3 === 0) source.deleteOrganization(organization, n % 2 === 0);
  },
  invite: (n) => {
    const organization = pick(source.organizations.values(), n);
    if (organization) source.invite(organization, "member");
  },
  answer: (n) => {
    const invitation = pick(source.invitations.values(), n);
    if (invitation) source.answerInvitation(invitation, n % 2 === 0 ? "accepted" : "revoked");
  },
};

const number = fc.nat(1_000);
const faults = fc.array(fc.constantFrom<SourceFault>("none", "unheard", "unanswered", "slow"), { maxLength: 4 });
const commands: fc.Arbitrary<Command>[] = [
  ...Object.entries(changes).flatMap(([what, change]) => {
    const one = fc.tuple(number, fc.boolean()).map(([n, same]): Command => new Happens(what, n, same, change));
    return ["signUp", "join", "suspend", "remove"].includes(what) ? [one, one] : [one];
  }),
  ...Array.from({ length: 5 }, () =>
    fc
      .tuple(number, fc.integer({ min: 1, max: 6 }), fc.boolean())
      .map(([order, count, replay]): Command => new Arrive(order, count, replay)),
  ),
  number.map((order) => new Lost(order)),
  number.map((order) => new Killed(order)),
  fc.boolean().map((twice) => new Poll(twice)),
  fc
    .tuple(number, fc.constantFrom<OneInstant["last"]>("active", "inactive"), fc.constantFrom(...ARRIVALS))
    .map(([n, last, arrival]): Command => new OneInstant(n, last, arrival)),
  number.map((n) => new Late(n)),
  fc
    .tuple(number, fc.constantFrom<EndFirst["what"]>("membership", "membership", "user", "organization"), fc.boolean())
    .map(([n, what, same]): Command => new EndFirst(n, what, same)),
  ...Array.from({ length: 3 }, () => fc.tuple(number, faults, fc.boolean()).map(([n, some, rush]): Command => new Give(n, some, rush))),
  faults.map((some) => new PushTransfers(some)),
  number.map((n) => new GiveToWhoGoes(n)),
  fc.tuple(number, fc.boolean()).map(([n, lifted]): Command => new Rejoin(n, lifted)),
  fc.constant(new Forget()),
  fc.constant(new Reconcile()),
];

const EMPTY = `
update tenancy.lock set compared = null;
truncate tenancy.object, tenancy.cursor, tenancy.outbox, tenancy.owner, tenancy.transfer, tenancy.departure, tenancy.deletion, tenancy.erased_address, auth.revoked_session;
delete from invitations; delete from memberships; delete from users; delete from organizations`;

/** Objects of which two events of one millisecond say different things: whenever both come again, they are in doubt again, and so is the place. */
function unsure(): { ids: string[]; places: string[] } {
  const said = new Map<string, string>();
  const found = source.events.filter(({ event, data }) => {
    if (event.endsWith(".deleted")) return false;
    const [key, state] = [`${data["id"]} ${data["updated_at"]}`, JSON.stringify(data)];
    const differs = said.has(key) && said.get(key) !== state;
    said.set(key, state);
    return differs;
  });
  const personOf = (data: SourceEvent["data"]) => String(data["external_id"]).replace("personal:", "");
  return {
    ids: found.flatMap(({ data }) => [String(data["id"]), personOf(data)]),
    places: found.map(({ data }) => String(data["organization_id"] ?? data["id"])),
  };
}

/** How many rows of the outbox tell of things that are sure. */
async function toldOfSure(): Promise<number> {
  const { ids, places } = unsure();
  const [told] = await database.rows<{ n: number }>(
    "select count(*)::int as n from tenancy.outbox where coalesce(org_id, '') <> all ($1) and coalesce(subject, '') <> all ($2)",
    [places, ids],
  );
  return told?.n ?? 0;
}

async function mirrorEqualsReference(): Promise<void> {
  const memberships = await database.rows<{ key: string; id: string; role: string; status: string }>(
    "select org_id || '/' || workos_user_id as key, id, role_slug as role, status from memberships",
  );
  expect(Object.fromEntries(memberships.map(({ key, ...rest }) => [key, rest]))).toEqual(
    expectedMemberships(source, types, model.heard, model.owned, await ownersSeen()),
  );
  const users = await database.rows<{ id: string; email: string; verified: boolean }>(
    "select workos_user_id as id, email, email_verified as verified from users",
  );
  const alive = users.filter(({ id }) => source.users.has(id));
  expect(Object.fromEntries(alive.map(({ id, ...rest }) => [id, rest]))).toMatchObject(expectedUsers(source, types));
  const names = await database.rows<{ id: string; name: string }>("select id, name from organizations");
  const expectedNames = [...source.organizations.values()].filter((one) => known.has(one.metadata["type"] ?? ""));
  expect(Object.fromEntries(names.filter(({ id }) => source.organizations.has(id)).map(({ id, name }) => [id, name]))).toEqual(
    Object.fromEntries(expectedNames.map(({ id, name }) => [id, name])),
  );
  const invitations = await database.rows<{ id: string; status: string }>("select id, status from invitations");
  expect(Object.fromEntries(invitations.filter(({ id }) => source.invitations.has(id)).map(({ id, status }) => [id, status]))).toEqual(
    expectedInvitations(source, types),
  );
}

test(
  `after any history the mirror equals the reference (seed ${SEED})`,
  async () => {
    const { MODEL_PATH: path, MODEL_REPLAY: replayPath } = process.env;
    let commandsRun = 0;
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 50, size: "max", ...(replayPath ? { replayPath } : {}) }), async (history) => {
        await database.owner.query(EMPTY);
        source = new Source();
        model = newModel();
        await fc.asyncModelRun(() => ({ model, real: {} }), history);
        commandsRun += [...history].length;
        source.tick();
        // What was lost is made up for by the Events API; what that no longer has, by comparing. Transfers come to their end.
        await new Poll(false).run(model);
        await letHoldsPass();
        await new PushTransfers([]).run(model);
        await new Poll(false).run(model);
        if (source.forgotten > 0) await new Reconcile().run(model);
        expect(await database.rows("select from tenancy.transfer")).toEqual([]);
        await mirrorEqualsReference();
        // And everything once more changes nothing.
        const told = await toldOfSure();
        await applyEvents(database.sync, await Promise.all(source.events.map(sdkEvent)));
        for (const event of source.events) model.heard.event(event);
        await fetchMissing({ workos: server.workos, run: database.sync });
        model.heard.fetched(source);
        await mirrorEqualsReference();
        if (source.forgotten === 0) expect(await toldOfSure()).toBe(told);
      }),
      { seed: SEED, numRuns: RUNS, ...(path ? { path } : {}), endOnFailure: Boolean(path) },
    );
    expect(commandsRun).toBeGreaterThan(RUNS);
  },
  RUNS * 4_000,
);
