import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { matrixHtml } from "./html.ts";
import { hunt, prepareHunt } from "./hunt.ts";
import { placesOf, ROUTES, type Route } from "./routes.ts";
import { type SmallProduct, smallProduct } from "./testing/small-product.ts";
import { matrixText } from "./text.ts";
import type { Matrix } from "./types.ts";

let product: SmallProduct;
let sound: Matrix;
beforeAll(async () => {
  product = await smallProduct();
  sound = await hunt(product.options);
});
afterAll(() => product?.drop());

test("the small product holds, and every route was tried", () => {
  expect({ findings: sound.findings, gaps: sound.gaps, holds: sound.holds }).toEqual({ findings: [], gaps: [], holds: true });
  expect(sound.routes.map(({ route }) => route)).toEqual(ROUTES);
  expect(sound.routes.filter(({ statements, places }) => statements === 0 || places === 0)).toEqual([]);
  expect(sound.routes.filter(({ findings }) => findings > 0)).toEqual([]);
});

test("the routes are in the text and on the page, each with its counts", () => {
  const [text, page] = [matrixText(sound), matrixHtml(sound)];
  expect(text.split("\n")[0]).toContain(`${ROUTES.length} routes`);
  for (const { route, statements, places } of sound.routes) {
    expect(text).toMatch(new RegExp(`^  ${route} +${statements} +${places} +0$`, "m"));
    expect(page).toContain(`<tr><td>${route}</td><td>${statements}</td><td>${places}</td><td>0</td></tr>`);
  }
});

/** What a policy says that trusts the shape of the statement: Postgres itself gives no route more than another. */
const STATEMENT_IS = `
create function public.statement_is(pattern text) returns boolean volatile language plpgsql as $$
declare stack text;
begin
  get diagnostics stack = pg_context;
  return case when stack ~ 'inline_code_block' then stack else current_query() end ~* pattern;
end $$;`;
const trusting = (pattern: string) =>
  `${STATEMENT_IS} create policy trusting on notes for select to authenticated using (public.statement_is('${pattern}'))`;

const trigger = (when: string, body: string, verb = "insert") => `
create function public.fault() returns trigger security definer language plpgsql as $$ begin ${body} return new; end $$;
create trigger fault ${when} ${verb} on notes for each row execute function public.fault()`;
const ANOTHERS = "(select body from public.notes where org_id <> new.org_id order by body limit 1)";

interface Fault {
  route: Route;
  what: string;
  plant: string;
  /** Of the whole finding: kind, verb, table, way. */
  finding: string;
  /** What the hunt says when the route is left out. */
  gap: string;
}

const FAULTS: Fault[] = [
  {
    route: "select",
    what: "a policy is given to those who, so far, lack the right",
    plant: "create policy spare on projects for select to anonymous using (true)",
    finding: "spare policy select projects",
    gap: "never tried: select of projects",
  },
  {
    route: "sample",
    what: "a policy trusts whoever takes a sample",
    plant: trusting(" tablesample "),
    finding: "leak select notes",
    gap: "never tried: sample of notes",
  },
  {
    route: "for update",
    what: "members may lock everybody's rows through a policy that lets nothing be written",
    plant: "create policy sorting on notices for update to authenticated using ((select auth.role()) = 'member') with check (false)",
    finding: "leak select notices",
    gap: "never tried: for update of notices",
  },
  {
    route: "join",
    what: "policies trust whoever asks for notes and projects at once",
    plant: `${trusting(" join ")}; create policy trusting on projects for select to authenticated using (public.statement_is(' join '))`,
    finding: "leak select notes projects",
    gap: "never tried: join of notes",
  },
  {
    route: "copy to",
    what: "a policy trusts the export",
    plant: trusting(" to stdout"),
    finding: "leak select notes",
    gap: "never tried: copy to of notes",
  },
  {
    route: "error text",
    what: "a trigger quotes another organization's row when it refuses",
    plant: trigger("after", `raise exception 'it begins like "%"', ${ANOTHERS} using errcode = '23514';`),
    finding: "leak insert notes insert, a copy",
    gap: "never tried: error text of notes",
  },
  {
    route: "error text",
    what: "a cast that quotes what it could not read is asked before a slow policy",
    plant: `create function public.is_ours(org text) returns boolean stable cost 1000 language plpgsql as $$ begin return org = auth.org_id(); end $$;
      alter policy notes_read on notes using (public.is_ours(org_id));
      alter function pg_catalog.textout(text) leakproof; alter function pg_catalog.int4in(cstring) leakproof`,
    finding: "leak select notes error text",
    gap: "never tried: error text of notes",
  },
  {
    route: "statistics",
    what: "the statistics themselves can be read",
    plant: "grant select on pg_catalog.pg_statistic to authenticated",
    finding: "leak select  pg_statistic",
    gap: "never tried: statistics",
  },
  {
    route: "insert",
    what: "a new row may be anybody's",
    plant: "alter policy notes_insert on notes with check (true)",
    finding: "leak insert notes a copy",
    gap: "never tried: insert of notes",
  },
  {
    route: "returning",
    what: "a trigger puts another organization's text into the new row",
    plant: trigger("before", `new.body := ${ANOTHERS};`),
    finding: "leak insert notes insert",
    gap: "never tried: returning of notes",
  },
  {
    route: "returning",
    what: "a trigger puts another organization's text into the changed row",
    plant: trigger("before", `new.body := ${ANOTHERS};`, "update"),
    finding: "leak update notes update",
    gap: "never tried: returning of notes",
  },
  {
    route: "on conflict",
    what: "whoever inserts is taken for the importer, who may change what is there",
    plant: `${trigger("before", "perform set_config('app.importing', 'on', true);")};
      create policy importer_reads on notes for select to authenticated using (current_setting('app.importing', true) = 'on');
      create policy importer_writes on notes for update to authenticated using (current_setting('app.importing', true) = 'on')`,
    finding: "leak insert notes do update",
    gap: "never tried: on conflict of notes",
  },
  {
    route: "copy from",
    what: "rules guard a table instead of policies, and COPY asks no rules",
    plant: `alter table guestbook disable row level security;
      create rule own_only as on insert to guestbook where new.org_id is distinct from auth.org_id() do instead nothing;
      create rule no_update as on update to guestbook do instead nothing;
      create rule no_delete as on delete to guestbook do instead nothing`,
    finding: "leak insert guestbook",
    gap: "never tried: copy from of guestbook",
  },
  {
    route: "update",
    what: "no organization counts as every organization",
    plant: "create policy odd on notes for update to authenticated using ((select auth.org_id()) is null)",
    finding: "leak update notes all rows unseen",
    gap: "never tried: update of notes",
  },
  {
    route: "move",
    what: "an own row may be given away",
    plant: "alter policy notes_update on notes with check (true)",
    finding: "spare policy update notes all org_id unseen",
    gap: "never tried: move of notes",
  },
  {
    route: "delete",
    what: "what cannot be seen can be deleted",
    plant: "alter policy notes_delete on notes using (true)",
    finding: "leak delete notes all rows unseen",
    gap: "never tried: delete of notes",
  },
  {
    route: "view",
    what: "a view reads as its owner",
    plant: "alter view project_names set (security_invoker = false)",
    finding: "leak call project_names",
    gap: "project_names can be reached and was not called",
  },
  {
    route: "function",
    what: "a definer function forgot whose",
    plant: `create or replace function public.count_projects() returns bigint stable security definer language sql set search_path = pg_catalog, pg_temp
      return (select count(*) from public.projects)`,
    finding: "leak call count_projects",
    gap: "count_projects can be reached and was not called",
  },
  ...[
    ["program", "pg_execute_server_program to authenticated with inherit true"],
    ["write", "pg_write_server_files to authenticated with inherit true"],
    ["read", "pg_read_server_files to authenticated with inherit true"],
    ["membership", "pg_read_server_files to authenticated with inherit false"],
    ["function", "execute on function pg_catalog.pg_read_file(text) to authenticated"],
  ].map(
    ([way, right]): Fault => ({
      route: "server files",
      what: `grant ${right}`,
      plant: `grant ${right}`,
      finding: `leak select  ${way}`,
      gap: "never tried: server files",
    }),
  ),
];

const LIMITS: Omit<Fault, "finding">[] = [
  {
    route: "unique key",
    what: "a text is unique over all organizations",
    plant: "create unique index on notes (body)",
    gap: "never tried: unique key of notes",
  },
  {
    route: "foreign key",
    what: "a note may name any project",
    plant: "alter table notes drop constraint notes_pair",
    gap: "never tried: foreign key of notes",
  },
  {
    route: "estimate",
    what: "the planner knows how many notes each organization has",
    plant: "analyze notes",
    gap: "never tried: estimate of notes",
  },
  {
    route: "comparison",
    what: "a column more, which people may select",
    plant: "alter table notes add column pages int not null default 7",
    gap: "never tried: comparison of notes",
  },
];

describe("a fault that only one route finds", () => {
  test.each(FAULTS)("$route: $what", async ({ route, plant, finding, gap }) => {
    const [found, without] = await huntedTwice(plant, [route]);
    expect(new Set(found.findings.map((one) => one.route))).toEqual(new Set([route]));
    expect(
      found.findings.map(({ kind, verb, table, way }) => [kind, verb, table, way].filter((one) => one !== undefined).join(" ")),
    ).toContain(finding);
    expect(found.routes.find((one) => one.route === route)?.findings).toBe(found.findings.length);
    expect(without).toMatchObject({ findings: [], holds: false, gaps: expect.arrayContaining([gap]) });
    // Which comparisons answer is a matter of the policies that a fault exchanges.
    const existences = (limits: Matrix["limits"]) => limits.filter((limit) => limit.route !== route && limit.route !== "comparison");
    expect(existences(without.limits)).toEqual(existences(sound.limits));
  });

  test.each(LIMITS)("$route: $what (Postgres cannot close it: a limit)", async ({ route, plant, gap }) => {
    const [found, without] = await huntedTwice(plant, [route]);
    const shown = ({ limits }: Matrix) => limits.map((limit) => `${limit.route} ${limit.table} ${limit.columns.join()}`);
    const news = shown(found).filter((limit) => !shown(sound).includes(limit));
    expect(news).toEqual([expect.stringMatching(new RegExp(`^${route} notes `))]);
    expect(without).toMatchObject({ findings: [], holds: false, gaps: expect.arrayContaining([gap]) });
    expect(shown(without).filter((limit) => limit.startsWith(route))).toEqual([]);
  });

  test("token: the guard takes one that is over", async () => {
    const { options, token } = product;
    const personas = options.personas.map((one) => (one.refused ? { ...one, token: token("user_zoe", "org_alder", -30) } : one));
    const [found] = await huntedTwice("update auth.issuer set leeway_s = 60", [], { ...options, personas });
    const bound = expect.objectContaining({ kind: "leak", persona: "expired token", verb: "bind", route: "token" });
    expect(found.findings).toEqual([bound, bound]); // in each of the two looks that bind it
  });

  test("is planted for each route", () => {
    expect(new Set([...FAULTS, ...LIMITS].map(({ route }) => route)).add("token")).toEqual(new Set(ROUTES));
  });
});

/** Hunts with a fault planted: by all routes, and without one. */
async function huntedTwice(plant: string, without: readonly Route[], options = product.options): Promise<[Matrix, Matrix]> {
  await product.owner.query(`begin; ${plant}`);
  try {
    const prepared = await prepareHunt(options);
    return [await prepared.run(), await prepared.run({ without })];
  } finally {
    await product.owner.query("rollback");
  }
}

test("where a schema has a place for each route follows from the world and the oracle alone", async () => {
  const { world } = await prepareHunt(product.options);
  const { personas, oracle } = product.options;
  const tables = Object.keys(world.tables);
  const places = placesOf({ world, tables, personas, rulesOf: (persona) => oracle.rules(world, persona) });
  const all = ["guestbook", "memberships", "notes", "notices", "projects"];
  expect(Object.fromEntries(places)).toEqual({
    select: all,
    sample: ["memberships", "notes", "notices", "projects"],
    "for update": all,
    join: ["notes"],
    "copy to": all,
    "error text": all,
    statistics: [""],
    insert: all,
    returning: ["notes"],
    "on conflict": ["notes"],
    "copy from": all,
    update: all,
    move: all,
    delete: all,
    "unique key": ["notes"],
    "foreign key": ["notes"],
    estimate: ["memberships", "notes", "projects"],
    comparison: ["memberships", "notes", "projects"],
    "server files": [""],
    token: [""],
  });
});
