import { withUser } from "@rehome/sandbox";
import { hunt, installRoles, type Matrix, matrixHtml, matrixText, type Oracle, type Persona, type ProductRule } from "@rehome/tenancy";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as config from "../../tenancy.config.ts";
import { CONFIDENTIAL } from "../isolation/confidential.ts";
import { type TargetDatabase, type TargetTemplate, targetTemplate } from "../testing/target-database.ts";
import { allowed } from "./allowed.ts";
import { PRODUCT_RULES, prepareElevaHunt } from "./prepare.ts";
import { JOBS } from "./world.ts";

let template: TargetTemplate;
let target: TargetDatabase;
let personas: Persona[];
let login: pg.Client;
let worker: pg.Client;
let matrix: Matrix;

beforeAll(async () => {
  template = await targetTemplate();
  target = await template.copy();
  const prepared = await prepareElevaHunt(target.owner);
  personas = [...prepared.personas];
  await installRoles(target.owner, { moverPassword: "mover", loginPassword: "login", workerPassword: "worker", jobs: JOBS });
  login = await connect("rehome_login", "login");
  worker = await connect("rehome_worker", "worker");
  matrix = await hunt({ owner: target.owner, login, worker, personas, oracle: allowed, productRules: PRODUCT_RULES });
}, 400_000);
afterAll(async () => {
  await login?.end();
  await worker?.end();
  await target?.drop();
  await template?.drop();
});

async function connect(user: string, password: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: withUser(target.url, user, password) });
  client.on("error", () => {});
  await client.connect();
  return client;
}

const look = (over: { tables?: string[]; personas?: Persona[]; oracle?: Oracle; productRules?: ProductRule[] } = {}): Promise<Matrix> =>
  hunt({ owner: target.owner, personas, oracle: allowed, productRules: PRODUCT_RULES, ...over });

const places = ({ findings }: Matrix) => new Set(findings.map(({ kind, verb }) => `${kind} ${verb}`));

test("nobody reads or writes what is not theirs, and everybody what is", () => {
  console.info(`leak hunt: ${matrix.probes} statements, ${matrix.findings.length} findings, ${matrix.seconds.toFixed(1)} s`);
  expect(matrix.findings).toEqual([]);
  expect(matrix.gaps).toEqual([]);
  expect(matrix).toMatchObject({ holds: true });
  expect(matrix.tables).toHaveLength(30);
  expect(matrix.personas).toHaveLength(38);
  expect(matrix.granted).toBeGreaterThan(3_000);
  expect(matrix.denied).toBeGreaterThan(20_000);
});

test("every route was tried that Eleva's schema has a place for", () => {
  console.info(matrix.routes.map(({ route, statements, places }) => `${route} ${statements} in ${places}`).join(", "));
  const untried = matrix.routes.filter(({ statements }) => statements === 0).map(({ route }) => route);
  expect(untried).toEqual([]);
  expect(matrix.routes.reduce((sum, { findings }) => sum + findings, 0)).toBe(0);
});

test("what shows of hidden rows all the same is known", () => {
  const shown = matrix.limits
    .filter(({ route }) => route !== "estimate" && route !== "comparison")
    .map(({ table, route, columns, what }) => [table, route, ...columns, what]);
  const key = "a taken key shows; nobody can guess one";
  expect(shown.sort()).toEqual(
    [
      ["profiles", "unique key", "id", key],
      ["record_shares", "unique key", "id", key],
      ["records", "unique key", "id", key],
      ["schedule_availabilities", "unique key", "id", key],
      ["schedules", "unique key", "id", key],
      ["services", "unique key", "id", key],
      ["session_packs", "unique key", "id", key],
    ].sort(),
  );
});

test("of what people may select every column is known that answers comparisons with hidden rows, and none that is confidential", async () => {
  const answering = matrix.limits.filter(({ route }) => route === "comparison");
  const columns = (what: RegExp) =>
    answering.filter((limit) => what.test(limit.what)).flatMap(({ table, columns }) => columns.map((column) => `${table}.${column}`));
  console.info(
    `comparisons: ${columns(/ordering/).length} columns by order, ${columns(/equality/).length} by equality, ${columns(/have a value/).length} by null`,
  );
  const all = answering.flatMap(({ table, columns }) => columns.map((column) => `${table}.${column}`));
  const closed = Object.entries(CONFIDENTIAL).flatMap(([table, names]) => names.map((name) => `${table}.${name}`));
  expect(all.filter((column) => closed.includes(column))).toEqual([]);
  expect(all.filter((column) => column.startsWith("meeting_receipts"))).toEqual([]);
  // Everything else that people may select, but of the table that everybody sees whole.
  const { rows } = await target.owner.query<{ name: string }>(
    `select c.relname || '.' || a.attname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and has_column_privilege('authenticated', c.oid, a.attnum, 'select') and c.relname <> 'categories'`,
  );
  expect(all.sort()).toEqual(rows.map(({ name }) => name).sort());
});

test("the text, the JSON and the page tell the same and hold no value of a row", () => {
  const text = matrixText(matrix);
  const page = matrixHtml(matrix);
  expect(JSON.parse(JSON.stringify(matrix))).toEqual(matrix);
  const [, , heads, ...lines] = text.split("\n");
  expect(heads).toMatch(/^table +A +B +C /);
  expect(lines.find((line) => line.startsWith("records "))).toMatch(/^records +riu- ---- riu- ---- ---- riu- /);
  expect(page).toContain("owner of the clinic");
  for (const out of [text, page, JSON.stringify(matrix)]) expect(out).not.toMatch(/@example\.test|user_(ana|olga|rui|pia)|org_clinic|eyJ/);
  expect(page).not.toMatch(/<script|https?:/);
});

test("`tenancy hunt` finds it in the config file, and hunts no database that has rows", async () => {
  await expect(config.hunt(target.owner)).rejects.toThrow("This database has rows.");
});

describe("the hunter fails when", () => {
  const with_ = (table: string, change: (rule: ReturnType<Oracle["rules"]>[string]) => ReturnType<Oracle["rules"]>[string]): Oracle => ({
    ...allowed,
    rules: (world, persona) => {
      const rules = allowed.rules(world, persona);
      return persona.name === "owner of the clinic" ? { ...rules, [table]: change(rules[table] ?? {}) } : rules;
    },
  });

  test("the oracle gives more than the database", async () => {
    const found = await look({
      tables: ["meetings"],
      oracle: with_("meetings", (rule) => ({ ...rule, read: { ...rule.read, rows: () => true } })),
    });
    expect(found.holds).toBe(false);
    expect(places(found)).toEqual(new Set(["missing policy select", "closed select"]));
  });

  test("the oracle gives less than the database", async () => {
    const found = await look({ tables: ["meetings"], oracle: with_("meetings", ({ read }) => ({ read: { ...read, rows: () => false } })) });
    expect(places(found)).toEqual(new Set(["leak call", "spare policy select", "leak select", "spare policy update", "leak update"]));
  });

  test("a column is granted that the oracle does not give, although no policy lets it be changed", async () => {
    await planted("grant update (tier) on organizations to authenticated", async () => {
      const { findings } = await look({ tables: ["organizations"] });
      expect(findings).toEqual([
        { kind: "spare right", persona: "authenticated", table: "organizations", verb: "update", route: "grants", what: "tier" },
        // Which inherits it, and whose functions say what they read.
        { kind: "spare right", persona: "rehome_fn_confidential", table: "organizations", verb: "update", route: "grants", what: "tier" },
      ]);
    });
  });

  test("a table holds no row", async () => {
    await planted("delete from record_shares", async () => {
      const found = await look({ tables: ["record_shares"] });
      expect(found).toMatchObject({ holds: false, findings: [] });
      expect(found.gaps).toContain("record_shares holds no row");
      expect(found.gaps).toContain("no allowed delete of record_shares was tried");
    });
  });

  test.each(["owner", "removed", "expired token", "anonymous"])("no persona is of the kind %s", async (kind) => {
    const found = await look({ tables: ["guests"], personas: personas.filter((one) => one.kind !== kind) });
    expect(found).toMatchObject({ holds: false, gaps: expect.arrayContaining([`no persona is of the kind "${kind}"`]) });
  });

  test("nobody is asked, or nothing", async () => {
    expect(await look({ tables: ["guests"], personas: [] })).toMatchObject({ holds: false, probes: 0 });
    expect(await look({ tables: [] })).toMatchObject({ holds: false, gaps: expect.arrayContaining(["there is no table to hunt"]) });
    expect((await look({ tables: ["ghosts"] })).gaps).toContain("table ghosts does not exist");
  });

  test("a role has rights and no persona, or a definer function is called by nobody", async () => {
    const few = personas.filter(({ role, kind }) => role === "rehome_job_claim" || kind === "anonymous");
    const { gaps } = await look({ personas: few, oracle: { rules: allowed.rules } });
    expect(gaps).toContain("role rehome_job_booking has rights and no persona");
    expect(gaps).toContain("role authenticated has rights and no persona");
    expect(gaps).toContain("busy_intervals can be reached and was not called");
  });

  test("the guard takes a token that it must refuse, or refuses one that it must take", async () => {
    const [owner] = personas;
    const expired = personas.find(({ kind }) => kind === "expired token");
    if (!owner || !expired) throw new Error("no such persona");
    const { refused: _, ...unexpected } = expired;
    const found = await look({ tables: ["guests"], personas: [{ ...owner, refused: "RJ008" }, unexpected] });
    expect(found.findings.filter(({ verb }) => verb === "bind").map(({ kind, persona }) => `${kind} ${persona}`)).toEqual(
      expect.arrayContaining([`leak ${owner.name}`, `closed ${expired.name}`]),
    );
  });

  test("a trigger of the product hides what a policy lets through", async () => {
    await planted("alter policy memberships_insert_job_sync on memberships to rehome_job_sync, authenticated", async () => {
      const found = await look({ tables: ["memberships"] });
      expect(found.findings.map(({ kind, verb }) => `${kind} ${verb}`)).toContain("spare policy insert");
      // Not told of the trigger, it says what it could not try.
      const untold = await look({ tables: ["memberships"], productRules: [] });
      expect(untold.gaps).toEqual(expect.arrayContaining([expect.stringMatching(/^not tried: memberships insert .*: SQLSTATE RO002/)]));
    });
  });

  test("an error quotes a value of a hidden row", async () => {
    const plant = `create function public.tell(t text) returns boolean language plpgsql cost 0.0001 leakproof as $$ begin raise exception 'it is "%"', t; end $$;
      grant execute on function public.tell(text) to authenticated;
      create view public.slip with (security_barrier = false) as select * from public.records;
      grant select on public.slip to authenticated`;
    await planted(plant, async () => {
      const oracle: Oracle = {
        ...allowed,
        calls: (world, persona) => [
          ...(allowed.calls?.(world, persona) ?? []),
          { object: "slip", sql: "select from public.slip where public.tell(guest_email)", expect: "P0001" },
        ],
      };
      const { findings } = await look({ tables: ["records"], oracle });
      expect(findings.map(({ kind, route }) => `${kind} ${route}`)).toContain("leak error text");
    });
  });
});

/** Plants a mistake in a transaction of the owner's, in which the hunt then runs, and takes it back. */
async function planted(plant: string, work: () => Promise<void>): Promise<void> {
  await target.owner.query(`begin; ${plant}`);
  try {
    await work();
  } finally {
    await target.owner.query("rollback");
  }
}
