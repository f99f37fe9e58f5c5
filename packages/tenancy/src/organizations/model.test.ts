import type { Event } from "@workos-inc/node";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { applyChanges, applyEvents, fetchMissing, receiveWebhook } from "./apply.ts";
import { changeOf } from "./changes.ts";
import { pollEvents } from "./poll.ts";
import { reconcile } from "./reconcile.ts";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { eleva } from "./testing/definition.ts";
import { expectedInvitations, expectedMemberships, expectedUsers } from "./testing/reference.ts";
import { Source, type SourceEvent, type SourceServer, serveSource, signedWebhook, WEBHOOK_SECRET } from "./testing/source.ts";

// Repeat a failure with MODEL_SEED and MODEL_PATH as the message prints them; MODEL_RUNS for more.
const SEED = Number(process.env["MODEL_SEED"] ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env["MODEL_RUNS"] ?? 20);

const TYPES = ["patient_personal", "expert_individual", "clinic", "educational_institution"] as const;
const ROLES = ["owner", "admin", "member", "billing_admin"] as const;
const known = new Set<string>(TYPES);
const solo = new Set<string>(TYPES.filter((type) => eleva.types[type].members === "one"));

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
  /** By membership: the newest state that was applied, so that an older one cannot count again. */
  applied: Map<string, { at: string; event: string; active: boolean }>;
}
type Real = Record<string, never>;
type Command = fc.AsyncCommand<Model, Real>;

const sdkEvent = async (event: SourceEvent): Promise<Event> => {
  const { payload, signature } = signedWebhook(event);
  return await server.workos.webhooks.constructEvent({ payload: payload as never, sigHeader: signature, secret: WEBHOOK_SECRET });
};

function remember(model: Model, events: readonly SourceEvent[]): void {
  for (const { id, event, data } of events) {
    if (!event.startsWith("organization_membership.")) continue;
    const om = String(data["id"]);
    const before = model.applied.get(om);
    const deleted = event.endsWith("deleted");
    const mark = { at: deleted ? "~" : String(data["updated_at"]), event: id, active: !deleted && data["status"] === "active" };
    if (!before || mark.at > before.at) model.applied.set(om, mark);
    else if (mark.at === before.at) before.active &&= mark.active; // in doubt it does not count
  }
}

/** Never, not even in between, does a membership count whose end was applied. */
async function noEndedMembershipCounts(model: Model): Promise<void> {
  const rows = await database.rows<{ id: string }>("select id from memberships where status = 'active'");
  const ended = rows.filter(({ id }) => {
    const mark = model.applied.get(id);
    // A newer state may have been fetched.
    const revived = (one: SourceEvent) =>
      one.data["id"] === id && one.data["status"] === "active" && String(one.data["updated_at"]) >= (mark?.at ?? "");
    return mark?.active === false && !source.events.some(revived);
  });
  expect(ended).toEqual([]);
  const owners = await database.rows(
    "select org_id from memberships where status = 'active' and role_slug = 'owner' group by 1 having count(*) > 1",
  );
  expect(owners).toEqual([]);
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
    for (const event of events) {
      await receiveWebhook({ workos: server.workos, run: database.sync, secret: WEBHOOK_SECRET, ...signedWebhook(event) });
      remember(model, [event]);
      model.onTheWay = model.onTheWay.filter((one) => one !== event);
      if (!model.delivered.includes(event)) model.delivered.push(event);
      await noEndedMembershipCounts(model);
    }
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
    await noEndedMembershipCounts(model);
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
    await Promise.all([pollEvents(parts), this.twice ? pollEvents(parts) : undefined]);
    remember(model, source.events);
    await noEndedMembershipCounts(model);
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
    remember(model, source.events);
    await noEndedMembershipCounts(model);
    source.tick();
  }
  toString = () => "reconcile";
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
  fc.constant(new Forget()),
  fc.constant(new Reconcile()),
];

const EMPTY = `
update tenancy.lock set compared = null;
truncate tenancy.object, tenancy.cursor, tenancy.outbox, tenancy.transfer, tenancy.deletion, auth.revoked_session;
delete from invitations; delete from memberships; delete from users; delete from organizations`;

const sameInstants = () =>
  new Set(source.events.map(({ data, event }) => `${data["id"]} ${data["updated_at"]} ${event.endsWith("deleted")}`)).size <
  source.events.length;

async function mirrorEqualsReference(): Promise<void> {
  const memberships = await database.rows<{ key: string; id: string; role: string; status: string }>(
    "select org_id || '/' || workos_user_id as key, id, role_slug as role, status from memberships",
  );
  expect(Object.fromEntries(memberships.map(({ key, ...rest }) => [key, rest]))).toEqual(expectedMemberships(source, solo, known));
  const users = await database.rows<{ id: string; email: string; verified: boolean }>(
    "select workos_user_id as id, email, email_verified as verified from users",
  );
  const alive = users.filter(({ id }) => source.users.has(id));
  expect(Object.fromEntries(alive.map(({ id, ...rest }) => [id, rest]))).toMatchObject(expectedUsers(source, known));
  const names = await database.rows<{ id: string; name: string }>("select id, name from organizations");
  const expectedNames = [...source.organizations.values()].filter((one) => known.has(one.metadata["type"] ?? ""));
  expect(Object.fromEntries(names.filter(({ id }) => source.organizations.has(id)).map(({ id, name }) => [id, name]))).toEqual(
    Object.fromEntries(expectedNames.map(({ id, name }) => [id, name])),
  );
  const invitations = await database.rows<{ id: string; status: string }>("select id, status from invitations");
  expect(Object.fromEntries(invitations.filter(({ id }) => source.invitations.has(id)).map(({ id, status }) => [id, status]))).toEqual(
    expectedInvitations(source, solo, known),
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
        await fc.asyncModelRun(() => ({ model: { onTheWay: [], delivered: [], applied: new Map() }, real: {} }), history);
        commandsRun += [...history].length;
        source.tick();
        // What was lost is made up for by the Events API; what that no longer has, by comparing.
        await pollEvents({ workos: server.workos, run: database.sync, readsPerSecond: 1e6, now: source.now });
        await fetchMissing({ workos: server.workos, run: database.sync });
        if (source.forgotten > 0) await reconcile({ workos: server.workos, run: database.sync, readsPerSecond: 1e6, now: source.now });
        await mirrorEqualsReference();
        // And everything once more changes nothing.
        const told = await database.rows("select count(*) from tenancy.outbox");
        await applyEvents(database.sync, await Promise.all(source.events.map(sdkEvent)));
        await fetchMissing({ workos: server.workos, run: database.sync });
        await mirrorEqualsReference();
        if (source.forgotten === 0 && !sameInstants()) expect(await database.rows("select count(*) from tenancy.outbox")).toEqual(told);
      }),
      { seed: SEED, numRuns: RUNS, ...(path ? { path } : {}), endOnFailure: Boolean(path) },
    );
    expect(commandsRun).toBeGreaterThan(RUNS);
  },
  RUNS * 4_000,
);
