import { readFileSync } from "node:fs";
import { withUser } from "@rehome/sandbox";
import { generateDrizzleJson, generateMigration } from "drizzle-kit/api";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { policyProblems } from "../policies/after-migration.ts";
import { defineOrganizations, hasFeature } from "./define.ts";
import { installOrganizations } from "./install.ts";
import { INSTALL, type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { eleva } from "./testing/definition.ts";
import * as schema from "./testing/schema.ts";

let database: OrganizationsDatabase;
beforeAll(async () => {
  database = await organizationsDatabase();
});
afterAll(() => database?.drop());

test("drizzle-kit makes the standard tables out of tables.ts", async () => {
  const made = await generateMigration(generateDrizzleJson({}), generateDrizzleJson(schema));
  const kept = readFileSync(new URL("testing/tables.sql", import.meta.url), "utf8");
  const statements = (text: string) =>
    text
      .split(";")
      .map((statement) => statement.trim())
      .sort();
  expect(statements(made.join("\n"))).toEqual(statements(kept));
});

test("what is declared is what is there: policyProblems finds nothing, with the installer's own policies beside", async () => {
  expect(await policyProblems(database.owner, { schema, others: OTHERS })).toEqual([]);
});

const OTHERS = ["guests", "services", "meetings", "records", "record_shares", "visits", "profiles", "categories"].map(
  (name) => `public.${name}`,
);

describe("installing again", () => {
  test.each([
    [{ archive: { "public.recrods": { keep: "10 years" } } }, "archive: public.recrods"],
    [{ archive: { "public.records": { keep: "10 years", columns: ["id", "contents"] } } }, "archive: public.records.contents"],
    [{ archive: { "public.categories": { keep: "10 years" } } }, "archive: public.categories"],
    [{ release: { "public.metings": { patient_org_id: {} } } }, "release: public.metings.patient_org_id"],
    [{ erase: { "public.profiles": ["user"] } }, "erase: public.profiles.user"],
    [{ columns: { owner: "org_id", party: ["pateint_org_id"] } }, "columns: pateint_org_id"],
  ])("refuses a name that the database has not: a deletion would pass it over (%j)", async (said, named) => {
    await expect(installOrganizations(database.owner, { ...INSTALL, ...said })).rejects.toMatchObject({
      code: "bad_definition",
      message: expect.stringContaining(named),
    });
  });

  test("brings in organizations whose type was not declared until now, with their people", async () => {
    const said = (kind: string, id: string, more: object) => ({
      kind,
      id,
      at: new Date().toISOString(),
      event: "~",
      deleted: false,
      ...more,
    });
    const school = said("organization", "org_school", {
      state: { name: "School", type: "school", created: "2026-01-01" },
    });
    const person = said("user", "user_late", { state: { email: "late@example.com", email_verified: true } });
    const membership = said("membership", "om_late", {
      org_id: "org_school",
      user_id: "user_late",
      state: { status: "active", roles: ["owner"], created: "2026-01-01" },
    });
    await database.sync((query) => query("select tenancy.apply($1::jsonb)", [JSON.stringify([school, person, membership])]));
    expect(await database.rows("select from organizations where id = 'org_school'")).toEqual([]);
    const types = { ...INSTALL.definition.types, school: { members: "many", tiers: ["free"] } } as const;
    await installOrganizations(database.owner, { ...INSTALL, definition: defineOrganizations({ ...INSTALL.definition, types } as never) });
    expect(
      await database.rows(
        "select o.type, m.workos_user_id as who, m.role_slug as role from organizations o join memberships m on m.org_id = o.id",
      ),
    ).toEqual([{ type: "school", who: "user_late", role: "owner" }]);
    await database.owner.query("truncate tenancy.object, tenancy.owner, memberships, users, organizations cascade");
    await installOrganizations(database.owner, INSTALL);
  });

  test("refuses homes that are not of the personal type, names them, and changes nothing", async () => {
    await database.owner.query(
      `insert into organizations (id, type, tier) values ('org_home', 'patient_personal', 'free'), ('org_grown', 'clinic', 'clinic'), ('org_practice', 'expert_individual', 'free');
       insert into users (org_id, workos_user_id, email) values ('org_home', 'ana', 'a@example.com'), ('org_grown', 'vera', 'v@example.com'), ('org_practice', 'eva', 'e@example.com')`,
    );
    await expect(installOrganizations(database.owner, INSTALL)).rejects.toMatchObject({
      code: "home_not_personal",
      message: "users.org_id names 2 organizations that are not of the personal type: org_grown, org_practice.",
    });
    await database.owner.query("delete from users; delete from organizations");
    await installOrganizations(database.owner, INSTALL);
  });

  test("gives the claim job no right to insert into a table of the product, nor to read or write who owns or was erased", async () => {
    const held = await database.rows(
      `select c.oid::regclass::text as rel from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
          and (has_table_privilege('rehome_job_claim', c.oid, 'INSERT') or has_any_column_privilege('rehome_job_claim', c.oid, 'INSERT'))`,
    );
    expect(held).toEqual([]);
    const secret = await database.rows(
      `select r.role, t.rel from unnest(array['authenticated', 'anonymous', 'rehome_login', 'rehome_worker', 'rehome_job_sync', 'rehome_job_claim', 'rehome_job_deletion']) r (role)
         cross join unnest(array['tenancy.address_key', 'tenancy.erased_address']) t (rel)
        where has_table_privilege(r.role, t.rel, 'SELECT') or has_any_column_privilege(r.role, t.rel, 'SELECT') or has_table_privilege(r.role, t.rel, 'INSERT, UPDATE, DELETE')
           or has_function_privilege(r.role, 'tenancy.address_hash(text)', 'EXECUTE')`,
    );
    expect(secret).toEqual([]);
  });

  test("remembers who owned before it was remembered, and draws the key of the hashes once", async () => {
    const key = () => database.rows<{ i: Buffer }>("select inner_pad as i from tenancy.address_key");
    const before = await key();
    await database.owner.query(
      `insert into organizations (id, type, tier) values ('org_c', 'clinic', 'clinic');
       insert into memberships (org_id, workos_user_id, id, role_slug, status) values ('org_c', 'ana', 'om_1', 'owner', 'active'), ('org_c', 'bea', 'om_2', 'owner', 'suspended')`,
    );
    await installOrganizations(database.owner, INSTALL);
    expect(await database.rows("select org_id, user_id from tenancy.owner")).toEqual([{ org_id: "org_c", user_id: "ana" }]);
    expect(await key()).toEqual(before);
    expect(before).toHaveLength(1);
    await database.owner.query("truncate tenancy.owner; delete from memberships; delete from organizations");
  });

  test("makes no policy and no trigger of the product's tables anew, and writes no row", async () => {
    const state = () =>
      database.rows(
        `select (select json_agg(oid::text order by oid) from pg_policy where polrelid::regclass::text !~ '^tenancy') as policies,
                (select json_agg(oid::text order by oid) from pg_trigger) as triggers,
                (select json_agg(array[slug, xmin::text] order by slug) from tenancy.permission) as permissions,
                (select json_agg(array[slug, xmin::text] order by slug) from tenancy.role) as roles,
                (select json_agg(array[type, xmin::text] order by type) from tenancy.organization_type) as types`,
      );
    const before = await state();
    await installOrganizations(database.owner, INSTALL);
    expect(await state()).toEqual(before);
  });

  test("puts back a policy that a push dropped", async () => {
    await database.owner.query("drop policy meetings_delete_job_deletion on meetings; drop policy users_delete_job_deletion on users");
    await database.owner.query("alter table users no force row level security");
    await installOrganizations(database.owner, INSTALL);
    expect(
      await database.rows("select polname from pg_policy where polname in ('meetings_delete_job_deletion', 'users_delete_job_deletion')"),
    ).toHaveLength(2);
    expect(await database.rows("select relforcerowsecurity as forced from pg_class where oid = 'users'::regclass")).toEqual([
      { forced: true },
    ]);
  });

  test("from three connections at once", async () => {
    const clients = await Promise.all(
      [1, 2, 3].map(async () => {
        const client = new pg.Client({ connectionString: database.url });
        await client.connect();
        return client;
      }),
    );
    await Promise.all(clients.map((client) => installOrganizations(client, INSTALL)));
    await Promise.all(clients.map((client) => client.end()));
  });
});

describe("the declaration", () => {
  test("a further type is one line (R65)", async () => {
    const { coach, ...types } = { coach: { members: "many", tiers: ["starter"] } as const, ...eleva.types };
    await installOrganizations(database.owner, { ...INSTALL, definition: { ...eleva, types: { ...types, coach } } });
    await database.owner.query(
      "insert into organizations (id, type, tier) values ('org_coach', 'coach', 'starter'), ('org_school', 'educational_institution', 'professional')",
    );
    const feature = (org: string, name: string) => database.rows("select tenancy.has_feature($1, $2) as has", [org, name]);
    expect(await feature("org_coach", "calendar")).toEqual([{ has: false }]);
    expect(await feature("org_school", "invite_members")).toEqual([{ has: true }]);
    await database.owner.query("delete from organizations");
    await installOrganizations(database.owner, INSTALL);
    const gone = database.owner.query("insert into organizations (id, type, tier) values ('org_coach', 'coach', 'starter')");
    await expect(gone).rejects.toMatchObject({ code: "RO006" });
  });

  test("the database answers every feature as the declaration does", async () => {
    const rows = await database.rows<{ type: keyof typeof eleva.types; tier: "free"; feature: "calendar" }>(
      "select type, tier, feature from tenancy.feature",
    );
    let cells = 0;
    for (const [type, { tiers }] of Object.entries(eleva.types)) {
      for (const tier of tiers) {
        for (const feature of Object.keys(eleva.features)) {
          const there = rows.some((row) => row.type === type && row.tier === tier && row.feature === feature);
          expect([type, tier, feature, there]).toEqual([
            type,
            tier,
            feature,
            hasFeature(eleva, { type: type as "clinic", tier: tier as "clinic" }, feature as "calendar"),
          ]);
          cells++;
        }
      }
    }
    expect(cells).toBe(72);
  });

  test.each([
    [["*"], eleva.permissions],
    [["meetings:*"], ["meetings:read", "meetings:write"]],
    [
      ["meetings:*", "meetings:read", "billing:read"],
      ["billing:read", "meetings:read", "meetings:write"],
    ],
    [["meeting:*"], []],
    [["meetings"], []],
    [["meetings:"], []],
    [["*:read"], []],
    [["unknown:read"], []],
    [["%"], []],
    [[], []],
  ])("%j is expanded against what is known", async (patterns, permissions) => {
    expect(await database.rows("select tenancy.expand_permissions($1) as p", [patterns])).toEqual([{ p: [...permissions].sort() }]);
  });
});

describe("the application", () => {
  test("can read and write nothing of schema tenancy, and call three functions of it", async () => {
    const login = new pg.Client({ connectionString: withUser(database.url, "rehome_login", "login") });
    await login.connect();
    const { rows: tables } = await login.query(
      "select relname as name from pg_class where relnamespace = 'tenancy'::regnamespace and relkind in ('r', 'S')",
    );
    expect(tables.length).toBeGreaterThan(15);
    const { rows: rights } = await login.query(
      `select r, c.relname, p from pg_class c, unnest('{rehome_login,authenticated,anonymous,public}'::text[]) r, unnest('{select,insert,update,delete}'::text[]) p
        where c.relnamespace = 'tenancy'::regnamespace and c.relkind = 'r' and has_table_privilege(r, c.oid, p)`,
    );
    expect(rights).toEqual([]);
    const { rows: callable } = await login.query(
      `select r, p.oid::regprocedure::text as f from pg_proc p, unnest('{rehome_login,authenticated,anonymous}'::text[]) r
        where p.pronamespace = 'tenancy'::regnamespace and has_function_privilege(r, p.oid, 'execute') order by 1, 2`,
    );
    expect(callable).toEqual([
      { r: "authenticated", f: "tenancy.has_feature(text)" },
      { r: "authenticated", f: "tenancy.may_switch_to(text)" },
      { r: "authenticated", f: "tenancy.my_organizations()" },
    ]);
    await login.end();
  });

  test("no table of the schema is without forced row security", async () => {
    expect(
      await database.rows(
        "select relname from pg_class where relnamespace = 'tenancy'::regnamespace and relkind = 'r' and not (relrowsecurity and relforcerowsecurity)",
      ),
    ).toEqual([]);
  });
});
