import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ensurePersonalOrganization } from "./personal.ts";
import { runAs } from "./run.ts";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { type TestWorkos, testWorkos } from "./testing/twin.ts";

let database: OrganizationsDatabase;
let workos: TestWorkos;
beforeAll(async () => {
  [database, workos] = await Promise.all([organizationsDatabase(), testWorkos()]);
});
afterAll(async () => {
  await workos?.stop();
  await database?.drop();
});
afterEach(() => workos.admin.call("DELETE", "faults"));

const ensure = (user: Awaited<ReturnType<TestWorkos["createUser"]>>, run = database.sync) =>
  ensurePersonalOrganization({ workos: workos.workos, run }, { user, name: "Ana" });

/** Everything that exists of one person, on both sides. */
async function existing(userId: string): Promise<unknown> {
  const state = await workos.admin.call<{
    organizations: { id: string; external_id: string }[];
    memberships: { user_id: string; organization_id: string; role: { slug: string } }[];
  }>("GET", "state");
  const organizations = state.organizations.filter((one) => one.external_id === `personal:${userId}`);
  return {
    organizations: organizations.length,
    memberships: state.memberships
      .filter((one) => one.user_id === userId)
      .map((one) => [one.organization_id === organizations[0]?.id, one.role.slug]),
    rows: await database.rows(
      `select o.id = $2 as same, o.type, o.tier, o.claimed, o.slug = 'org-' || lower(right(o.id, 26)) as slug, m.role_slug as role, m.status,
              cardinality(m.permissions) as permissions, u.org_id = o.id as home
         from organizations o join memberships m on m.org_id = o.id join users u on u.workos_user_id = m.workos_user_id where u.workos_user_id = $1`,
      [userId, organizations[0]?.id],
    ),
    claimsOfIt: (await database.rows("select from tenancy.object where kind = 'organization' and user_id = $1", [userId])).length,
  };
}

const ONE = {
  organizations: 1,
  memberships: [[true, "owner"]],
  rows: [
    {
      same: true,
      type: "patient_personal",
      tier: "free",
      claimed: true,
      slug: true,
      role: "owner",
      status: "active",
      permissions: 18,
      home: true,
    },
  ],
  claimsOfIt: 1,
};

test("fifty requests at once make one organization (R51, L13)", async () => {
  const user = await workos.createUser("ana@example.com");
  // Each with a handle of its own, so that nothing in this process joins them.
  const ids = await Promise.all(Array.from({ length: 50 }, () => ensure(user, runAs(database.workers, "sync"))));
  expect(new Set(ids).size).toBe(1);
  expect(await existing(user.id)).toEqual(ONE);
});

test.each([
  ["POST", "^/organizations$", "reset_before"],
  ["POST", "^/organizations$", "reset_after"],
  ["POST", "organization_memberships$", "reset_before"],
  ["POST", "organization_memberships$", "reset_after"],
] as const)("%s %s cut by %s: the next call finds what was made", async (method, pathPattern, kind) => {
  const user = await workos.createUser(`${kind}.${pathPattern.length}@example.com`);
  await workos.admin.call("POST", "faults", { method, pathPattern, kind, times: 1 });
  await expect(ensure(user)).rejects.toThrow();
  expect(await database.rows("select from users where workos_user_id = $1", [user.id])).toEqual([]);
  await ensure(user);
  expect(await existing(user.id)).toEqual(ONE);
});

test("the database dies before the last commit", async () => {
  const user = await workos.createUser("eva@example.com");
  let calls = 0;
  const dying: typeof database.sync = (work) =>
    database.sync(async (query) => {
      const result = await work(query);
      if (++calls === 2) {
        const { rows } = await query<{ pid: number }>("select pg_backend_pid() as pid");
        await database.owner.query("select pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
      }
      return result;
    });
  await expect(ensure(user, dying)).rejects.toMatchObject({ code: "unreachable" });
  await ensure(user);
  expect(await existing(user.id)).toEqual(ONE);
});

test.each(["createOrganization", "createOrganizationMembership"])("SIGKILL between %s at WorkOS and the row here", async (after) => {
  const user = await workos.createUser(`killed.${after.toLowerCase()}@example.com`);
  const child = spawn(process.execPath, [fileURLToPath(new URL("testing/sign-up.ts", import.meta.url))], {
    env: {
      ...process.env,
      WORKERS: (database.workers.options as { connectionString: string }).connectionString,
      API_KEY: workos.twin.apiKey,
      PORT: String(workos.twin.port),
      USER_ID: user.id,
      AFTER: after,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), ended]);
  child.kill("SIGKILL");
  expect(await ended).toBe("SIGKILL");
  expect(await existing(user.id)).toMatchObject({ organizations: 1, rows: [] });
  await ensure(user);
  expect(await existing(user.id)).toEqual(ONE);
});

test("a role that WorkOS does not know is named, and the next call goes on (L12)", async () => {
  const user = await workos.createUser("rui@example.com");
  const wanted = { user, name: "Rui" };
  const parts = { workos: workos.workos, run: database.sync };
  await expect(ensurePersonalOrganization(parts, { ...wanted, ownerRole: "boss" })).rejects.toMatchObject({
    code: "workos_refused",
    message: expect.stringMatching(/membership with role boss \(422, invalid_role\)/),
  });
  await ensure(user);
  expect(await existing(user.id)).toEqual(ONE);
});
