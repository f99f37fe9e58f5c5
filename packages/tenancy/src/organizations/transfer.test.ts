import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { foundOrganization } from "./found.ts";
import { inviteMember } from "./invitations.ts";
import { changeOrganizationType, leaveOrganization } from "./ownership.ts";
import { ensurePersonalOrganization } from "./personal.ts";
import { pollEvents } from "./poll.ts";
import { reconcile } from "./reconcile.ts";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { empty } from "./testing/people.ts";
import { type TestWorkos, testWorkos } from "./testing/twin.ts";
import { pushTransfers, transferOwnership } from "./transfer.ts";

let database: OrganizationsDatabase;
let w: TestWorkos;
beforeAll(async () => {
  [database, w] = await Promise.all([organizationsDatabase(), testWorkos()]);
});
afterAll(async () => {
  await w?.stop();
  await database?.drop();
});
afterEach(async () => {
  await w.admin.call("DELETE", "faults");
  await empty(database);
});

const parts = () => ({ workos: w.workos, run: database.sync });
const fault = (more: object) => w.admin.call("POST", "faults", { pathPattern: "organization_memberships", times: 1, ...more });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** No request that was sent is on its way any more. */
const later = () => database.owner.query("update tenancy.transfer set held_until = now() where held_until is not null");
const person = () => w.createUser(`${crypto.randomUUID()}@example.com`);

/** A clinic whose members are A (owner), B (admin), C and so on (members), as old as they stand. */
class Clinic {
  readonly ids: Record<string, string> = {};
  readonly orgId: string;
  constructor(orgId: string) {
    this.orgId = orgId;
  }
  static async of(...names: string[]): Promise<Clinic> {
    const clinic = new Clinic((await w.workos.organizations.createOrganization({ name: "Clinic", metadata: { type: "clinic" } })).id);
    for (const [i, name] of names.entries()) await clinic.join(name, i === 0 ? "owner" : i === 1 ? "admin" : "member");
    await reconcile(parts());
    return clinic;
  }
  async join(name: string, roleSlug: string): Promise<void> {
    this.ids[name] ??= (await person()).id;
    await w.workos.userManagement.createOrganizationMembership({ organizationId: this.orgId, userId: this.id(name), roleSlug });
    await pause(2);
  }
  id(name: string): string {
    return this.ids[name] as string;
  }
  give(from: string, to: string): Promise<void> {
    return transferOwnership(parts(), { orgId: this.orgId, from: this.id(from), to: this.id(to) });
  }
  async membership(name: string) {
    const list = await w.workos.userManagement.listOrganizationMemberships({
      organizationId: this.orgId,
      userId: this.id(name),
      statuses: ["active", "inactive", "pending"],
    });
    return list.data[0];
  }
  async remove(name: string): Promise<void> {
    await w.workos.userManagement.deleteOrganizationMembership((await this.membership(name))?.id ?? "");
  }
  async suspend(name: string): Promise<void> {
    await w.workos.userManagement.deactivateOrganizationMembership((await this.membership(name))?.id ?? "");
  }
  /** Active members here, by name. */
  async roles(): Promise<Record<string, string>> {
    const rows = await database.rows<{ who: string; role: string }>(
      "select workos_user_id as who, role_slug as role from memberships where org_id = $1 and status = 'active'",
      [this.orgId],
    );
    const name = (id: string) => Object.entries(this.ids).find(([, one]) => one === id)?.[0] ?? id;
    return Object.fromEntries(rows.map(({ who, role }) => [name(who), role]));
  }
  async rolesAtWorkos(...names: string[]): Promise<(string | undefined)[]> {
    return await Promise.all(names.map(async (name) => (await this.membership(name))?.role.slug));
  }
  /** Everything that could still happen happens. */
  async settled(): Promise<Record<string, string>> {
    await later();
    await pushTransfers(parts());
    await pollEvents(parts());
    await reconcile(parts());
    expect(await database.rows("select from tenancy.transfer")).toEqual([]);
    return await this.roles();
  }
}

describe("one transfer at a time", () => {
  test("A gave it to B while WorkOS was away; B cannot give it on before WorkOS knows, and A never has it back", async () => {
    const clinic = await Clinic.of("A", "B", "C");
    await fault({ method: "PUT", kind: "reset_before" });
    await expect(clinic.give("A", "B")).rejects.toThrow();
    expect(await clinic.roles()).toEqual({ A: "admin", B: "owner", C: "member" });
    await expect(clinic.give("B", "C")).rejects.toMatchObject({ code: "transfer_open" });
    await expect(clinic.give("B", "A")).rejects.toMatchObject({ code: "transfer_open" });
    expect(await clinic.settled()).toEqual({ A: "admin", B: "owner", C: "member" });
    await clinic.give("B", "C");
    expect(await clinic.settled()).toEqual({ A: "admin", B: "admin", C: "owner" });
    expect(await clinic.rolesAtWorkos("A", "B", "C")).toEqual(["admin", "admin", "owner"]);
  });

  test("the same with WorkOS only slow, and two requests at almost the same time", async () => {
    const clinic = await Clinic.of("A", "B", "C");
    await fault({ method: "GET", kind: "latency", latencyMs: 400 });
    const first = clinic.give("A", "B");
    await pause(100);
    await expect(clinic.give("B", "C")).rejects.toMatchObject({ code: "transfer_open" });
    await first;
    expect(await clinic.settled()).toEqual({ A: "admin", B: "owner", C: "member" });
  });

  test("two processes tell WorkOS of one transfer: only one does, so that none of its requests arrives after the next transfer", async () => {
    const clinic = await Clinic.of("A", "B", "C");
    // Of the two requests that change something the second, in which A steps down, is on its way for long.
    await fault({ method: "PUT", kind: "latency", latencyMs: 1 });
    await fault({ method: "PUT", kind: "latency", latencyMs: 1_500 });
    const first = clinic.give("A", "B");
    await expect.poll(async () => (await clinic.rolesAtWorkos("B"))[0], { timeout: 20_000 }).toBe("owner");
    expect(await pushTransfers(parts())).toBe(0);
    await expect(clinic.give("B", "A")).rejects.toMatchObject({ code: "transfer_open" });
    await first;
    await clinic.give("B", "A");
    expect(await clinic.settled()).toEqual({ A: "owner", B: "admin", C: "member" });
    expect(await clinic.rolesAtWorkos("A", "B")).toEqual(["owner", "admin"]);
  });

  test("a request without an answer arrives before the next transfer, or that one has to wait", async () => {
    const clinic = await Clinic.of("A", "B", "C");
    const { userManagement } = w.workos;
    let arrive = async () => {};
    const silent = new Proxy(userManagement, {
      get(target, name) {
        if (name === "updateOrganizationMembership")
          return async (...request: Parameters<typeof target.updateOrganizationMembership>) => {
            arrive = async () => {
              await target.updateOrganizationMembership(...request);
            };
            throw new Error("no answer");
          };
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const workos = { organizations: w.workos.organizations, userManagement: silent } as unknown as typeof w.workos;
    const give = transferOwnership({ ...parts(), workos }, { orgId: clinic.orgId, from: clinic.id("A"), to: clinic.id("B") });
    await expect(give).rejects.toThrow("no answer");
    await pushTransfers(parts());
    await expect(clinic.give("B", "C")).rejects.toMatchObject({ code: "transfer_open" });
    await arrive();
    await later();
    await pushTransfers(parts());
    await clinic.give("B", "C");
    expect(await clinic.rolesAtWorkos("A", "B", "C")).toEqual(["admin", "admin", "owner"]);
  });

  test("a process that died while it told WorkOS keeps the others waiting for a quarter of an hour, no longer", async () => {
    const clinic = await Clinic.of("A", "B");
    await fault({ method: "PUT", kind: "reset_before" });
    await expect(clinic.give("A", "B")).rejects.toThrow();
    await database.owner.query("update tenancy.transfer set holder = 'dead', held_until = clock_timestamp() + interval '14 minutes'");
    expect(await pushTransfers(parts())).toBe(0);
    await database.owner.query("update tenancy.transfer set held_until = held_until - interval '15 minutes'");
    expect(await pushTransfers(parts())).toBe(1);
    expect(await clinic.settled()).toEqual({ A: "admin", B: "owner" });
  });

  test("one organization's transfer that WorkOS refuses keeps no other's from going on", async () => {
    const [one, two] = [await Clinic.of("A", "B"), await Clinic.of("A", "B")];
    for (const clinic of [one, two]) {
      await fault({ method: "PUT", kind: "reset_before" });
      await expect(clinic.give("A", "B")).rejects.toThrow();
    }
    await later();
    await fault({ method: "PUT", kind: "reset_before" });
    await expect(pushTransfers(parts())).rejects.toThrow();
    expect(await database.rows("select org_id from tenancy.transfer")).toEqual([{ org_id: one.orgId }]);
    expect(await one.settled()).toEqual({ A: "admin", B: "owner" });
  });
});

describe("the old owner steps down only when WorkOS has the new one", () => {
  const undone = () => database.rows("select subject, actor from tenancy.outbox where topic = 'organization.transfer_undone'");

  test.each(["removed", "suspended"])("the new owner is %s at WorkOS before it was told: the old one stays", async (how) => {
    const clinic = await Clinic.of("A", "B", "C");
    await fault({ method: "PUT", kind: "reset_before" });
    await expect(clinic.give("A", "B")).rejects.toThrow();
    await (how === "removed" ? clinic.remove("B") : clinic.suspend("B"));
    expect(await clinic.settled()).toEqual({ A: "owner", C: "member" });
    expect(await undone()).toEqual([{ subject: clinic.id("B"), actor: clinic.id("A") }]);
    expect((await clinic.rolesAtWorkos("A"))[0]).toBe("owner");
    await clinic.give("A", "C");
    expect(await clinic.settled()).toEqual({ A: "admin", C: "owner" });
  });

  test("the new owner is removed in the moment in which the old one steps down: that one is the owner again", async () => {
    const clinic = await Clinic.of("A", "B");
    await fault({ method: "PUT", kind: "latency", latencyMs: 1 });
    await fault({ method: "PUT", kind: "latency", latencyMs: 1_000 });
    const give = clinic.give("A", "B");
    await expect.poll(async () => (await clinic.rolesAtWorkos("B"))[0], { timeout: 20_000 }).toBe("owner");
    await clinic.remove("B");
    await expect(give).rejects.toMatchObject({ code: "not_a_member" });
    expect(await clinic.settled()).toEqual({ A: "owner" });
    expect(await undone()).toHaveLength(1);
    expect((await clinic.rolesAtWorkos("A"))[0]).toBe("owner");
  });

  test("the old owner cannot leave before WorkOS has the new one, nor the new one ever", async () => {
    const clinic = await Clinic.of("A", "B");
    await fault({ method: "PUT", kind: "reset_before" });
    await expect(clinic.give("A", "B")).rejects.toThrow();
    const leave = (name: string) => leaveOrganization(parts(), { orgId: clinic.orgId, userId: clinic.id(name) });
    for (const name of ["A", "B"]) await expect(leave(name)).rejects.toMatchObject({ code: "last_owner" });
    await clinic.settled();
    await leave("A");
    expect(await clinic.settled()).toEqual({ B: "owner" });
  });

  test("nobody becomes the owner who is just leaving", async () => {
    const clinic = await Clinic.of("A", "B");
    await fault({ method: "DELETE", kind: "latency", latencyMs: 800 });
    const leave = leaveOrganization(parts(), { orgId: clinic.orgId, userId: clinic.id("B") });
    await expect.poll(() => database.rows("select from tenancy.departure"), { timeout: 20_000 }).toHaveLength(1);
    await expect(clinic.give("A", "B")).rejects.toMatchObject({ code: "not_a_member" });
    await leave;
    expect(await clinic.settled()).toEqual({ A: "owner" });
    expect(await database.rows("select from tenancy.departure")).toEqual([]);
  });
});

describe("the database remembers who owns", () => {
  test("nor whose request to leave got no answer: it may still arrive", async () => {
    const clinic = await Clinic.of("A", "B");
    const { userManagement } = w.workos;
    let arrive = async () => {};
    const silent = new Proxy(userManagement, {
      get(target, name) {
        if (name === "deleteOrganizationMembership")
          return async (id: string) => {
            arrive = () => target.deleteOrganizationMembership(id);
            throw new Error("no answer");
          };
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const workos = { organizations: w.workos.organizations, userManagement: silent } as unknown as typeof w.workos;
    const leave = leaveOrganization({ ...parts(), workos }, { orgId: clinic.orgId, userId: clinic.id("B") });
    await expect(leave).rejects.toThrow("no answer");
    await expect(clinic.give("A", "B")).rejects.toMatchObject({ code: "not_a_member" });
    await arrive();
    expect(await clinic.settled()).toEqual({ A: "owner" });
  });

  test("nobody is invited as the owner", async () => {
    const clinic = await Clinic.of("O", "admin");
    const invitation = { orgId: clinic.orgId, email: "friend@example.com", roleSlug: "owner", inviterUserId: clinic.id("admin") };
    await expect(inviteMember(parts(), invitation)).rejects.toMatchObject({ code: "owner_role" });
    await expect(inviteMember(parts(), { ...invitation, inviterUserId: clinic.id("O") })).rejects.toMatchObject({ code: "owner_role" });
  });

  test("a second owner of WorkOS outranks neither a newer one nor a suspended one", async () => {
    const clinic = await Clinic.of("O", "admin");
    await clinic.join("sleeper", "owner");
    await clinic.join("N", "member");
    await reconcile(parts());
    expect(await clinic.roles()).toEqual({ O: "owner", admin: "admin", sleeper: "admin", N: "member" });
    await clinic.give("O", "N");
    expect(await clinic.settled()).toEqual({ O: "admin", admin: "admin", sleeper: "admin", N: "owner" });
    await clinic.suspend("N");
    expect(await clinic.settled()).toEqual({ O: "admin", admin: "admin", sleeper: "admin" });
    await w.workos.userManagement.reactivateOrganizationMembership((await clinic.membership("N"))?.id ?? "");
    expect(await clinic.settled()).toEqual({ O: "admin", admin: "admin", sleeper: "admin", N: "owner" });
  });

  test("it is somebody else whom WorkOS calls owner only when WorkOS removes the owner, or gives that one another role", async () => {
    const clinic = await Clinic.of("A", "B", "C");
    await clinic.join("D", "owner");
    await reconcile(parts());
    const role = async (name: string, roleSlug: string) =>
      w.workos.userManagement.updateOrganizationMembership((await clinic.membership(name))?.id ?? "", { roleSlug });
    await role("A", "member");
    expect(await clinic.settled()).toEqual({ A: "member", B: "admin", C: "member", D: "owner" });
    // Being called owner again changes nothing: D is it.
    await role("A", "owner");
    expect(await clinic.settled()).toEqual({ A: "admin", B: "admin", C: "member", D: "owner" });
    await clinic.remove("D");
    expect(await clinic.settled()).toEqual({ A: "owner", B: "admin", C: "member" });
    await clinic.remove("A");
    expect(await clinic.settled()).toEqual({ B: "admin", C: "member" });
    await role("C", "owner");
    expect(await clinic.settled()).toEqual({ B: "admin", C: "owner" });
  });
});

describe("a founder who hands on, or grows, keeps the home and nothing else", () => {
  const practice = async () => {
    const vera = await person();
    const home = await ensurePersonalOrganization(parts(), { user: vera, name: "Vera" });
    const found = () => foundOrganization(parts(), { user: vera, type: "expert_individual", name: "Practice" });
    return { vera, home, found, org: await found() };
  };

  test("removed from her clinic, she is not back in it by signing in or founding again", async () => {
    const { vera, home, found, org } = await practice();
    await changeOrganizationType(parts(), { orgId: org, actor: vera.id, type: "clinic" });
    expect((await w.workos.organizations.getOrganization(org)).externalId).toBeNull();
    const clinic = new Clinic(org);
    clinic.ids["vera"] = vera.id;
    await clinic.join("buyer", "member");
    await reconcile(parts());
    await clinic.give("vera", "buyer");
    await clinic.remove("vera");
    await pollEvents(parts());
    expect(await clinic.roles()).toEqual({ buyer: "owner" });

    expect(await ensurePersonalOrganization(parts(), { user: vera, name: "Vera" })).toBe(home);
    const next = await found();
    expect(next).not.toBe(org);
    expect(await clinic.settled()).toEqual({ buyer: "owner" });
    expect(await database.rows("select org_id from users where workos_user_id = $1", [vera.id])).toEqual([{ org_id: home }]);
  });

  test("a creation key that a process left behind is found, dropped, and not followed", async () => {
    const { vera, found, org } = await practice();
    // As if the process had died between the change here and WorkOS.
    await database.sync((query) => query("select tenancy.change_type($1, $2, 'clinic', null)", [org, vera.id]));
    const next = await found();
    expect(next).not.toBe(org);
    expect(await found()).toBe(next);
    const keys = await Promise.all([org, next].map(async (id) => (await w.workos.organizations.getOrganization(id)).externalId));
    expect(keys).toEqual([null, `founded:expert_individual:${vera.id}`]);
  });

  test("a founded clinic that was handed on is not the founder's any more, and nobody has the key", async () => {
    const vera = await person();
    const found = () => foundOrganization(parts(), { user: vera, type: "clinic", name: "Clinic" });
    const org = await found();
    const clinic = new Clinic(org);
    clinic.ids["vera"] = vera.id;
    await clinic.join("buyer", "member");
    await reconcile(parts());
    await clinic.give("vera", "buyer");
    expect((await w.workos.organizations.getOrganization(org)).externalId).toBeNull();
    expect(await found()).not.toBe(org);
    expect(await clinic.roles()).toEqual({ vera: "admin", buyer: "owner" });
  });
});
