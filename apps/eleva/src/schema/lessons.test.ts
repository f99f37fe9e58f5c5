import { policyProblems, syncKeys } from "@rehome/tenancy";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fillSmallProduct } from "../testing/small-product.ts";
import { type TargetDatabase, type TargetTemplate, targetTemplate } from "../testing/target-database.ts";
import { safetyProblems } from "./check.ts";
import { schema } from "./tables.ts";

// What hurt the team's own attempt, L1 to L12: each protection holds, and without it the harm is there again. More of each stands in
// writes.test.ts (L6 to L12), packages/tenancy/src/policies/push.test.ts (L5, with drizzle-kit itself) and client/tenancy.test.ts (L3).

let template: TargetTemplate;
let target: TargetDatabase;
let owner: pg.Client;
beforeAll(async () => {
  template = await targetTemplate(fillSmallProduct);
  target = await template.copy();
  owner = target.owner;
});
afterAll(async () => {
  await target?.drop();
  await template?.drop();
});

type Outcome = number | string;
interface Try {
  /** "ana@clinic" is user_ana with a token of org_clinic; otherwise a role. */
  as: string;
  sql: string;
}

/** How many rows a statement reaches, or its SQLSTATE: as things are, and after `without` has taken the protection away. */
async function withAndWithout({ as, sql }: Try, without: string): Promise<[Outcome, Outcome]> {
  const [user, org] = as.split("@");
  const token = org && (await target.token(`user_${user}`, `org_${org}`));
  const once = async (): Promise<Outcome> => {
    await owner.query(`savepoint once; set local role ${token ? "authenticated" : as}`);
    try {
      if (token) await owner.query("select auth.jwt_session_init($1)", [token]);
      return (await owner.query(sql)).rowCount ?? 0;
    } catch (error) {
      return String((error as { code?: string }).code);
    } finally {
      await owner.query("rollback to savepoint once; reset role");
    }
  };
  await owner.query("begin");
  try {
    const before = await once();
    await owner.query(without);
    return [before, await once()];
  } finally {
    await owner.query("rollback");
  }
}

/** What the proofs over the whole schema say once `change` was made. */
async function problemsAfter(change: string): Promise<string[]> {
  await owner.query("begin");
  try {
    await owner.query(change);
    return [...(await safetyProblems(owner)).problems, ...(await policyProblems(owner, { schema }))];
  } finally {
    await owner.query("rollback");
  }
}

async function payloadOf(user: string, org: string): Promise<Record<string, unknown>> {
  return JSON.parse(Buffer.from((await target.token(user, org)).split(".")[1] ?? "", "base64url").toString());
}

const REFUSED = "42501";

test("L1: keys come from the address that WorkOS really has; a wrong one is an error at once, and loses no key", async () => {
  const { rows } = await owner.query<{ jwks_url: string; keys: number }>(
    "select jwks_url, (select count(*)::int from auth.jwk) as keys from auth.issuer",
  );
  expect(rows[0]?.jwks_url).toMatch(/^https:\/\/api\.workos\.com\/sso\/jwks\/client_/);
  const seen: string[] = [];
  const notFound: typeof fetch = async (url) => {
    seen.push(String(url));
    return new Response("{}", { status: 404 });
  };
  await owner.query("update auth.issuer set jwks_url = 'https://api.workos.com/user_management/client_01TEST/jwks.json'");
  try {
    await expect(syncKeys(owner, "workos", notFound)).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("jwks.json"),
    });
  } finally {
    await owner.query("update auth.issuer set jwks_url = $1", [rows[0]?.jwks_url]);
  }
  expect(seen).toEqual(["https://api.workos.com/user_management/client_01TEST/jwks.json"]);
  expect((await owner.query("select count(*)::int as keys from auth.jwk")).rows[0]).toEqual({ keys: rows[0]?.keys });
});

test("L2: Postgres verifies by itself and says which link fails", async () => {
  const own = { as: "ana@ana", sql: "select from schedules" };
  const claims = await payloadOf("user_ana", "org_ana");
  expect(await withAndWithout(own, "delete from auth.jwk")).toEqual([1, "RJ004"]); // the key
  expect(await withAndWithout(own, "update auth.issuer_iss set iss = 'https://elsewhere.test'")).toEqual([1, "RJ010"]); // the issuer
  expect(await withAndWithout(own, `insert into auth.revoked_session values ('${claims["sid"]}', now() + interval '1 hour')`)).toEqual([
    1,
    "RJ009",
  ]);
  const expired = await target.token("user_ana", "org_ana", -60);
  await expect(target.tenancy.as(expired, async (_db, query) => await query("select 1"))).rejects.toMatchObject({ code: "expired" });
  // The seed's fallback: an identity that the application sets.
  const set = {
    as: "authenticated",
    sql: `select from (select set_config('request.jwt.claims', '{"sub": "user_ana", "org_id": "org_ana"}', true)) c, schedules`,
  };
  expect((await withAndWithout(set, "select"))[0]).toBe(0);
});

test("L3: neither the owner of a table nor a role of the product is past the policies", async () => {
  for (const table of ["meetings", "records", "users"]) {
    const [forced, bare] = await withAndWithout(
      { as: "rehome_owner", sql: `select from ${table}` },
      `alter table ${table} no force row level security`,
    );
    expect({ table, forced, bareSees: Number(bare) > 0 }).toEqual({ table, forced: 0, bareSees: true });
  }
  expect(await problemsAfter("alter table records no force row level security")).toContain("records: row security is not forced");
  expect(await problemsAfter("alter table records owner to postgres")).toContain("records: the owner is postgres");
});

test("L4: a token as WorkOS really makes them is enough: no address, no audience; and what it says of a role does not count", async () => {
  const payload = await payloadOf("user_ana", "org_ana");
  expect(Object.keys(payload).filter((claim) => ["aud", "email", "email_verified"].includes(claim))).toEqual([]);
  expect(Number(payload["exp"]) - Number(payload["iat"])).toBe(300);
  // What the seed asked for locks everybody out.
  const [real, asked] = await withAndWithout({ as: "ana@ana", sql: "select from schedules" }, "update auth.issuer set audience = 'eleva'");
  expect([real, asked]).toEqual([1, expect.stringMatching(/^RJ/)]);
  const role = "select from (select auth.role() as role) r where role = 'member'";
  expect(
    await withAndWithout(
      { as: "ana@clinic", sql: role },
      "update memberships set role_slug = 'billing_admin' where workos_user_id = 'user_ana' and org_id = 'org_clinic'",
    ),
  ).toEqual([1, 0]);
});

test("L5: without its policy a table shows nothing, and the proof names the policy, a changed condition and one that nobody declared", async () => {
  const [before, after] = await withAndWithout(
    { as: "ana@ana", sql: "select from schedules" },
    "drop policy schedules_select_own_org on schedules",
  );
  expect([before, after]).toEqual([1, 0]);
  expect(await problemsAfter("select")).toEqual([]);
  expect(await problemsAfter("drop policy schedules_select_own_org on schedules")).toContain(
    "schedules: policy schedules_select_own_org is missing",
  );
  expect(await problemsAfter("alter policy schedules_select_own_org on schedules using (true)")).toEqual([
    "schedules: policy schedules_select_own_org differs",
  ]);
  expect(await problemsAfter("create policy more on schedules for select to authenticated using (true)")).toEqual([
    "schedules: policy more is not declared",
  ]);
});

test("L6: nobody makes oneself another, or an admin", async () => {
  const grant = "grant update on users, memberships, platform_roles to authenticated";
  expect(
    await withAndWithout({ as: "ana@ana", sql: "update users set org_id = 'org_olga_home', email = 'olga@example.test'" }, grant),
  ).toEqual([REFUSED, 1]);
  const admin = { as: "ana@ana", sql: "update platform_roles set role = 'superadmin'" };
  expect(
    await withAndWithout(
      admin,
      `${grant}; create policy mine on platform_roles for update to authenticated using (workos_user_id = (select auth.user_id()))`,
    ),
  ).toEqual([REFUSED, 1]);
  expect(await problemsAfter(grant)).toEqual(
    expect.arrayContaining([
      "platform_roles: a update grant for authenticated",
      "users: authenticated may update org_id, which says whose or which a row is",
    ]),
  );
});

test("L7: nobody changes the amount or the state of one's own transfers", async () => {
  const more = { as: "ana@ana", sql: "update payment_transfers set amount = 1000000, status = 'APPROVED' where org_id = 'org_ana'" };
  const [now, then] = await withAndWithout(
    more,
    "grant update on payment_transfers to authenticated; create policy own on payment_transfers for update to authenticated using (org_id = (select auth.org_id()))",
  );
  expect([now, Number(then) > 0]).toEqual([REFUSED, true]);
});

test("L8: a policy that asks only who one is would let rows into another organization", async () => {
  const foreign = {
    as: "ana@ana",
    sql: "insert into blocked_dates (org_id, workos_user_id, date) values ('org_rui', 'user_ana', '2026-01-01')",
  };
  const branch = "create policy seed on blocked_dates for all to authenticated using (workos_user_id = (select auth.user_id()))";
  expect(await withAndWithout(foreign, branch)).toEqual([REFUSED, 1]);
});

test.each([
  ["a suspended member", { as: "sam@clinic", sql: "select from schedules" }, "update memberships set status = 'active'", [0, 1]],
  [
    "a record of a colleague",
    { as: "olga@clinic", sql: "select from records where org_id = 'org_clinic' and expert_user_id <> 'user_olga'" },
    "delete from record_shares; create policy x on records for select to authenticated using (org_id = (select auth.org_id()))",
    "more",
  ],
  [
    "a patient's own meetings",
    { as: "pia@pia", sql: "select from meetings" },
    "alter policy meetings_select_party on meetings using (org_id = (select auth.org_id()))",
    "fewer",
  ],
  [
    "services, for whoever books",
    { as: "anonymous", sql: "select from services" },
    "drop policy services_select_published on services",
    "fewer",
  ],
  [
    "a profile that is not published",
    { as: "anonymous", sql: "select from profiles where not published" },
    "alter policy profiles_select_published on profiles using (true)",
    "more",
  ],
  [
    "categories",
    { as: "ana@ana", sql: "update categories set name = name || '!'" },
    "grant update on categories to authenticated; create policy x on categories for update to authenticated using (true)",
    [REFUSED, 2],
  ],
] as [string, Try, string, [Outcome, Outcome] | "more" | "fewer"][])("L9: %s", async (_name, attempt, without, expected) => {
  const [before, after] = await withAndWithout(attempt, without);
  if (expected === "more") expect(Number(after)).toBeGreaterThan(Number(before));
  else if (expected === "fewer") expect(Number(after)).toBeLessThan(Number(before));
  else expect([before, after]).toEqual(expected);
});

test("L10: one slot is not booked twice, guests or not", async () => {
  const book = (
    start: string,
  ) => `insert into meetings (org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, starts_at, ends_at, timezone)
    values ('org_ana', 'guest_0', md5('service ana')::uuid, 'user_ana', 'x', 'x', '2026-05-01 ${start}Z', '2026-05-01 12:00Z', 'UTC')`;
  const twice = { as: "rehome_job_booking", sql: `with one as (${book("10:00")}) ${book("10:30")}` };
  expect(await withAndWithout(twice, "alter table meetings drop constraint meetings_do_not_overlap")).toEqual(["23P01", 1]);
  const { rows } = await owner.query(
    "select attname from pg_attribute where attrelid = 'slot_reservations'::regclass and attname in ('service_id', 'starts_at') and not attnotnull",
  );
  expect(rows).toEqual([]); // a unique key over nulls lets duplicates in
});

// The audit log is a package of its own; here: no table of the product takes rows that name another organization, and none can come unseen.
test("L11: a log that any member may write for any organization would be found", async () => {
  const { rows } = await owner.query<{ table: string; check: string }>(
    `select polrelid::regclass::text as "table", pg_get_expr(polwithcheck, polrelid) as check from pg_policy
      where polcmd in ('a', 'w', '*') and polroles && array['authenticated'::regrole::oid, 'anonymous'::regrole::oid]`,
  );
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.filter(({ table, check }) => table !== "users" && !check.includes("org_id = ( SELECT auth.org_id()"))).toEqual([]);
  const log = `create table audit_logs (id int, org_id text); alter table audit_logs enable row level security; grant insert on audit_logs to authenticated;
    create policy audit_logs_insert on audit_logs for insert to authenticated with check (true)`;
  expect(await problemsAfter(log)).toEqual(expect.arrayContaining(["table audit_logs is not in docs/who-sees-what.md"]));
});

test("L12: who has no membership is nobody's member, and the sync that runs again completes the person", async () => {
  const half = { as: "nova@nova", sql: "select from organizations where id = 'org_nova'" };
  const organization = "insert into organizations (id, type) values ('org_nova', 'patient_personal')";
  const membership =
    "insert into memberships (org_id, workos_user_id, id, role_slug, status) values ('org_nova', 'user_nova', 'om_nova', 'owner', 'active') on conflict (org_id, workos_user_id) do update set status = excluded.status";
  expect(await withAndWithout(half, organization)).toEqual([0, 0]);
  expect(await withAndWithout(half, `${organization}; set local role rehome_job_sync; ${membership}; ${membership}; reset role`)).toEqual([
    0, 1,
  ]);
  expect(await withAndWithout(half, `${organization}; ${membership.replace("'active'", "'invited'")}`)).toEqual([0, 0]);
});
