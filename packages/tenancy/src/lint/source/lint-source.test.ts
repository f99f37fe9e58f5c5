// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are sources to look into
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LintOptions } from "../../index.ts";
import { SOURCE_RULES } from "../families/source.ts";
import { sourceHits } from "./checks.ts";
import { lintSource } from "./lint-source.ts";

const [IDENTITY, ROLE, GUARD, DATABASE, TOKEN] = SOURCE_RULES.map(({ id }) => id) as [string, string, string, string, string];

const FAULTS: [name: string, source: string, ...found: string[]][] = [
  ["set_config in a template literal", "db.execute(sql`select set_config('app.user', ${id}, true)`)", IDENTITY],
  ["set_config in any case, qualified and quoted", `q('SELECT pg_catalog."SET_CONFIG" ($1, $2, true)')`, IDENTITY],
  ["a concatenated string", `q("select set_" + "config('x', $1, true)")`, IDENTITY],
  ["letters written as escapes", String.raw`q("select set\u005fconfig('x')")`, IDENTITY],
  ["a name kept for later", `const f = "set_config"; q("select " + f + "($1, $2, true)")`, IDENTITY],
  ["the claims of other guards", `q("set local request.jwt.claims = '{}'")`, IDENTITY],
  ["the guard's own seal", `q("set local auth.identity to 'x'")`, IDENTITY],
  ["the guard's own claims", 'q(`set "auth"."claims" = ${claims}`)', IDENTITY],
  ["the client's mark", `q("set rehome.transaction = ''")`, IDENTITY],
  ["set local role in lower case, split over lines", "q(`begin;\n  set\n    local\n  role authenticated`)", ROLE],
  ["SET ROLE", `q("SET ROLE rehome_owner")`, ROLE],
  ["set role among others", `q("begin; set role app_owner; select 1")`, ROLE],
  ["set role with a name that is only known later", "q(`set role ${role}`); q('set role ' + role)", ROLE, ROLE],
  ["set role as a setting", `q("set role = 'app_owner'"); q("select 1; set role to x")`, ROLE, ROLE],
  ["a word between that is only known later", "q(`set ${scope} role x`)", ROLE],
  ["set role within another text", `q("do $$ begin execute 'set role x'; end $$")`, ROLE],
  ["a comment of SQL between", "q('set /* now */ local -- so\\n role x')", ROLE],
  ["session authorization", `q("set session authorization app_owner"); q("set session session authorization default")`, ROLE, ROLE],
  ["session authorization as a setting", `q("set local session_authorization = x")`, ROLE],
  ["a role in a connection's options", `f({ options: "-c search_path=x -c role=app_owner" })`, ROLE],
  ["jwt_session_init in raw SQL", "db.execute(sql.raw(`select auth.jwt_session_init('${token}')`))", GUARD],
  ["a ticket", `q("select auth.jwt_session_ticket($1)"); q("select ticket_session_init($1)")`, GUARD, GUARD],
  ["a second pool", `import pg from "pg";\nexport const other = new pg.Pool({ max: 1 });`, DATABASE],
  ["a client", `import { Client } from "pg"; const client = new Client(url)`, DATABASE],
  ["a pool from another file", `import { Pool } from "./driver.ts"; new Pool()`, DATABASE],
  ["a pool under another name", `import { Pool as Lake } from "pg"; new Lake()`, DATABASE],
  ["a pool of Neon", `import * as neon from "@neondatabase/serverless"; new neon.Pool({})`, DATABASE],
  ["neon()", `import { neon } from "@neondatabase/serverless"; export const sql = neon(url)`, DATABASE],
  ["drizzle()", `import { drizzle } from "drizzle-orm/node-postgres"; drizzle<typeof schema>(url, { schema })`, DATABASE],
  ["drizzle under another name", `import { drizzle as open } from "drizzle-orm/neon-http"; open(url)`, DATABASE],
  ["a driver loaded later", `const { Pool } = await import("pg")`, DATABASE],
  ["a driver required", `const pg = require("pg")`, DATABASE],
  ["a driver passed on", `export * from "postgres"`, DATABASE],
  ["in a template's hole", "`${new pg.Client(url)}`", DATABASE],
  ["authToken", `const sql = neon(url, { authToken: () => token })`, DATABASE, TOKEN],
  ["authToken under a quoted and a short name", `f({ fetchOptions, "authToken": t }); g({ authToken })`, TOKEN, TOKEN],
  ["after a condition and a regular expression with a quote", "if (a) /`/.test(s); q(`set local role x`)", ROLE],
  ["dashes between dollars", "q(`select $$--$$, set_config('x', $1, true)`)", IDENTITY],
  ["dashes in a name", `q('select 1 as "a--b", set_config($1, $2, true)')`, IDENTITY],
  ["dashes after an escaped quote", String.raw`q("select E'\\' --', set_config('x', $1, true)")`, IDENTITY],
  ["a comment of SQL in another", "q('set /* a /* b */ c */ local role x')", ROLE],
  ["a role of two words", `q('set role "app owner"'); q('set local role "app owner"')`, ROLE, ROLE],
  [
    "a role put in by format()",
    `q("do $$ begin execute format('set role %I', r); end $$"); q("select format('set role %1$I', r)")`,
    ROLE,
    ROLE,
  ],
  ["a role in a block of PL/pgSQL", "q(`do $do$ begin if x then set local role y; end if; end $do$`)", ROLE],
  ["the view of settings", `q("update pg_settings set setting = 'x' where name = 'role'")`, IDENTITY],
  ["reset role", `q("reset role"); q("RESET ROLE;"); q("reset session authorization")`, ROLE, ROLE, ROLE],
  [
    "letters written as SQL's escapes",
    String.raw`q('select U&"set\\005fconfig"($1, $2, true)'); q("select u&\"set!005fconfig\" uescape '!' ($1)")`,
    IDENTITY,
    IDENTITY,
  ],
  ["a name by SQL's escapes in a block", String.raw`q("do $$ begin execute U&'select set\\+00005fconfig(1)'; end $$")`, IDENTITY],
  ["a driver in a variable", `const pg = drivers.of("x"); new pg.Pool()`, DATABASE],
  ["SQL in quotes of a shell", `exec('psql -c "select set_config(1, 2, false)"')`, IDENTITY],
  ["a file of a driver", `import Client from "pg/lib/client.js"; new Client(url)`, DATABASE],
  ["Bun's", `import { drizzle } from "drizzle-orm/bun-sql"; drizzle(url)`, DATABASE],
  ["a driver by createRequire", `const { Pool: Lake } = createRequire(import.meta.url)("pg"); new Lake()`, DATABASE],
  [
    "a driver by createRequire under a name",
    `const need = createRequire(import.meta.url);\nconst { Pool: Lake } = need("pg"); new Lake()`,
    DATABASE,
  ],
  ["knex", `import knex from "knex"; knex({ client: "pg" })`, DATABASE],
  ["kysely", `import { Kysely as K, sql } from "kysely"; new K({ dialect })`, DATABASE],
  ["Prisma", `import { PrismaClient } from "@prisma/client"; new PrismaClient()`, DATABASE],
  ["$withAuth", `await db.$withAuth(token).select()`, TOKEN],
];

const CLEAN: [name: string, source: string][] = [
  ["a comment", `// set_config('request.jwt.claims', …), set local role x\n/* new pg.Pool(), auth.jwt_session_init */\nexport {};`],
  ["a documentation comment", "/**\n * Not `set_config('x')`, nor `drizzle(client)` or {@link jwt_session_init}.\n */\nexport {};"],
  ["a comment of SQL", "q(`select 1 -- not set_config('x')\n/* set local role x */`)"],
  ["a regular expression", "/set_config|set local role x|`/i.test(text)"],
  ["a column called role", `q("update members set role = 'admin' where id = $1"); q(\`update \${t} set role = \${r}\`)`],
  ["columns called role, one after another", `q("insert into m values (1) on conflict (id) do update set role = excluded.role")`],
  ["what people read", `f("Set role of the member", "Reset the role", "The set role cannot change.")`],
  ["the types of a driver", `import type pg from "pg"; import { type Pool, type Client } from "pg"; let p: pg.Pool;`],
  ["what of a driver opens nothing", `import { escapeIdentifier, types as t } from "pg"; t.setTypeParser(1, escapeIdentifier)`],
  [
    "another module's pool and client",
    `import { Pool } from "undici"; import { Client } from "@example/sdk"; import * as u from "undici"; new Pool(); new Client(); new u.Pool()`,
  ],
  [
    "Drizzle's schema and policies",
    `import { pgTable } from "drizzle-orm/pg-core"; import { crudPolicy } from "drizzle-orm/neon"; pgTable("t", {})`,
  ],
  ["the client", `import { createTenancy } from "@rehome/tenancy"; createTenancy({ pool }).as(token, (db) => db.select())`],
  ["a parameter of the name", `function send(to: string, authToken: string) { return authToken; }`],
  ["accessors in policies", "sql`org_id = (select auth.org_id()) and user_id = auth.user_id()`"],
  ["what people read of roles", `f("Please set local role settings"); f("Reset role"); f("First, set local role settings, then go on.")`],
  [
    "what people read of functions",
    `throw new Error("set_config is not allowed"); f("do not call set_config"); f("set_config() is not for you")`,
  ],
  ["a function of one's own", `function neon(color: string) { return color; }\nneon("red"); const drizzle = (x) => x; drizzle(1);`],
  ["a class of one's own", `export class Client { name = "x"; }\nnew Client();`],
  [
    "what of Prisma and kysely opens nothing",
    `import { Prisma, Role } from "@prisma/client"; import { sql } from "kysely"; Prisma.sql; Role.admin; sql`,
  ],
  ["createRequire for what is no driver", `const need = createRequire(import.meta.url); need("./data.json"); need.resolve("pg")`],
  ["a method of the name", `maker.drizzle(1); class A { neon = 1 }`],
];

const rulesIn = (source: string) => sourceHits(source, "auth").map(({ rule }) => rule);

describe("each planted fault is found, once, by its own rule", () => {
  test.each(FAULTS)("%s", (_name, source, ...found) => {
    expect(rulesIn(source)).toEqual(found);
  });

  test("every rule has a fault that shows it", () => {
    expect([...new Set(FAULTS.flatMap(([, , ...found]) => found))].sort()).toEqual(SOURCE_RULES.map(({ id }) => id).sort());
  });
});

test.each(CLEAN)("not found: %s", (_, source) => {
  expect(rulesIn(source)).toEqual([]);
});

test("the guard's settings are looked for in its own schema, too", () => {
  expect(sourceHits(`q("set local rehome_auth.identity = ''")`, "rehome_auth")).toMatchObject([{ rule: IDENTITY }]);
});

describe("over folders", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "tenancy-source-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const POOL = `import pg from "pg";\n\nexport const pool = new pg.Pool({ password: "marker" });\n`;
  const found = (options: LintOptions, places?: readonly string[]) =>
    lintSource(options, root, places).map(({ rule, object, place }) => `${rule}: ${object}:${place?.line ?? "-"}`);
  const allow = (object: string, rule = DATABASE) => ({ rule, object, reason: "A test." });

  test("a finding names file and line, and nothing that stands there", () => {
    write("src/db.ts", POOL);
    const findings = lintSource({ source: { folders: ["src"] } }, root);
    expect(findings).toEqual([
      expect.objectContaining({
        rule: DATABASE,
        level: "error",
        object: "src/db.ts",
        what: "line 3: new Pool",
        place: { file: "src/db.ts", line: 3 },
        mend: expect.stringMatching(/^-- /),
      }),
    ]);
    expect(JSON.stringify(findings)).not.toContain("marker");
  });

  test("looks into every kind of source, and not into tests, declarations, packages and hidden folders", () => {
    for (const file of ["a.ts", "b.tsx", "c/d/e.mts", "f.cjs", "g.jsx"]) write(`src/${file}`, POOL);
    for (const file of ["a.test.ts", "b.spec.tsx", "c.d.ts", "node_modules/x/y.ts", ".next/z.js", "notes.md"]) write(`src/${file}`, POOL);
    const files = ["a.ts", "b.tsx", "c/d/e.mts", "f.cjs", "g.jsx"];
    expect(found({ source: { folders: ["src", "./src/c", "src/a.ts"] } })).toEqual(files.map((file) => `${DATABASE}: src/${file}:3`));
  });

  test("what is allowed is left out, by path or star and for its rule only; what allows nothing is a finding", () => {
    write("src/db.ts", POOL);
    write("src/testing/db.ts", `${POOL}q("set role x");`);
    const folders = ["src"];
    expect(found({ source: { folders, allow: [allow("src/db.ts"), allow("src/testing/*")] } })).toEqual([`${ROLE}: src/testing/db.ts:4`]);
    const gone = { source: { folders, allow: [allow("src/*"), allow("src/*", ROLE), allow("src/gone.ts", GUARD)] } };
    expect(found(gone)).toEqual(["accepted-and-gone: src/gone.ts:-"]);
    expect(lintSource(gone, root)[0]?.mend).toContain("`source.allow`");
    expect(found(gone, ["src/db.ts"])).toEqual([]);
  });

  test("what another file hands on counts when that file has it of a driver, or cannot be read", () => {
    write("src/my.ts", `import { db } from "./db.ts";\nexport const drizzle = (x: number) => x;\nexport class Client {}`);
    write("src/db.ts", `import pg from "pg";\nexport class Pool extends pg.Pool {}`);
    write("src/doors/index.ts", `export { Pool } from "../db.js";`);
    write("src/round.ts", `export * from "./round.ts";`);
    write("src/a.ts", `import { Client, drizzle } from "./my.ts";\ndrizzle(1);\nnew Client();`);
    write("src/b.ts", `import { Pool } from "./db.ts";\nnew Pool();`);
    write("src/c.ts", `import { Pool } from "./doors";\nnew Pool();`);
    write("src/d.ts", `import { PrismaClient } from "./generated/client.ts";\nnew PrismaClient();`);
    write("src/e.ts", `import { neon } from "./round.ts";\nneon(1);`);
    expect(found({ source: { folders: ["src"] } })).toEqual(
      ["b.ts:2", "c.ts:2", "d.ts:2", "db.ts:1"].map((place) => `${DATABASE}: src/${place}`),
    );
  });

  test("a folder without source is a finding: nothing was looked at", () => {
    write("src/readme.md", "");
    expect(found({ source: { folders: ["src", "gone"] } })).toEqual(["nothing-to-check: gone:-", "nothing-to-check: src:-"]);
  });

  test.each<[LintOptions, RegExp]>([
    [{}, /No folder of source/],
    [{ source: { folders: ["src"], allow: [{ ...allow("src/*"), reason: " " }] } }, /has no reason/],
    [{ source: { folders: ["src"], allow: [allow("src/*", "row-security-off")] } }, /no such rule/],
  ])("options that are not whole are refused: %o", (options, says) => {
    expect(() => lintSource(options, root)).toThrow(
      expect.objectContaining({ name: "OptionsError", message: expect.stringMatching(says) }),
    );
  });
});
