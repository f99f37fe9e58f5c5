import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { freshDatabase, type TestDatabase, withUser } from "@rehome/sandbox";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as source from "../src/index.ts";
import { ISS, makeIssuer } from "../src/testing/issuer.ts";
import { dress, undress } from "./dress.ts";

vi.setConfig({ testTimeout: 60_000 }); // compilers, npm and drizzle-kit are processes that load much

const HOME = resolve(import.meta.dirname, "..");
const ROOT = resolve(HOME, "../..");
const MODULES = join(ROOT, "node_modules");
const require = createRequire(import.meta.url);
const TSC = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
const KIT = join(dirname(require.resolve("drizzle-kit")), "bin.cjs");

let scratch: string;
/** A copy of the workspace as far as packing needs it: other tests import the package meanwhile, and packing changes its package.json. */
let home: string;
/** A product of somebody else, with the unpacked package among its own. */
let product: string;
let installed: string;
let database: TestDatabase;

beforeAll(async () => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), "tenancy-pack-")));
  home = join(scratch, "workspace/packages/tenancy");
  cpSync(HOME, home, { recursive: true });
  for (const name of ["node_modules", "docs", "tsconfig.json", "LICENSE"]) symlinkSync(join(ROOT, name), join(scratch, "workspace", name));
  await run("npm", ["pack", "--silent", "--pack-destination", scratch], home);

  product = join(scratch, "product");
  installed = join(product, "node_modules/@rehome/tenancy");
  cpSync(join(import.meta.dirname, "stranger"), product, { recursive: true });
  mkdirSync(installed, { recursive: true });
  const file = readdirSync(scratch).find((name) => name.endsWith(".tgz")) ?? "none";
  await run("tar", ["xzf", join(scratch, file), "--strip-components=1", "-C", installed], scratch);
  // What npm would bring: what the package asks for, and nothing else that it might use.
  const { dependencies, peerDependencies } = manifest(installed);
  const own = ["@types/node"];
  for (const name of [...Object.keys({ ...dependencies, ...peerDependencies }), ...own]) link(name);
  writeFileSync(join(product, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(product, "tsconfig.json"), JSON.stringify(TSCONFIG));
  database = await freshDatabase();
});
afterAll(async () => {
  await database?.drop();
  rmSync(scratch, { recursive: true, force: true });
});

const TSCONFIG = {
  compilerOptions: {
    target: "ES2023",
    module: "NodeNext",
    types: ["node"],
    strict: true,
    skipLibCheck: true, // Drizzle's types name drivers that nobody has all of
    rewriteRelativeImportExtensions: true,
    outDir: "out",
  },
  files: ["set-up.ts"],
};

interface Manifest {
  version: string;
  bin: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies: Record<string, string>;
}

const manifest = (folder: string) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;

function link(name: string): void {
  mkdirSync(dirname(join(product, "node_modules", name)), { recursive: true });
  symlinkSync(join(MODULES, name), join(product, "node_modules", name));
}

/** @throws with what it said when it does not end with 0 */
async function run(command: string, args: string[], cwd: string, env: Record<string, string> = {}): Promise<string> {
  const ran = await attempt(command, args, cwd, env);
  if (ran.code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${ran.code}:\n${ran.said}`);
  return ran.said;
}

async function attempt(command: string, args: string[], cwd: string, env: Record<string, string> = {}) {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd, env: { ...process.env, NODE_OPTIONS: "", ...env } });
    return { code: 0, said: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, said: stdout + stderr };
  }
}

const node = (args: string[], env?: Record<string, string>) => run(process.execPath, ["--no-strip-types", ...args], product, env);
/** The file that npm would link as `tenancy`. */
const bin = (...args: string[]) =>
  attempt(process.execPath, ["--no-strip-types", join(installed, manifest(installed).bin["tenancy"] ?? ""), ...args], product);

test("its public exports are those of the sources, run by a Node that knows no TypeScript", async () => {
  const said = await node(["--input-type=module", "-e", `console.log(JSON.stringify(Object.keys(await import("@rehome/tenancy"))))`]);
  expect((JSON.parse(said) as string[]).sort()).toEqual(Object.keys(source).sort());
});

test("each .sql file that the sources read lies beside the code that reads it, and no test does", () => {
  const all = (folder: string) => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => !path.includes("testing"));
  const sqlOf = (folder: string) =>
    all(folder)
      .filter((path) => path.endsWith(".sql"))
      .sort();
  expect(sqlOf(join(installed, "dist"))).toEqual(sqlOf(join(HOME, "src")));
  expect(sqlOf(join(installed, "dist")).length).toBeGreaterThan(50);
  const shipped = readdirSync(installed, { recursive: true, encoding: "utf8" });
  expect(shipped.filter((path) => /\.test\.|testing|node_modules|^src/.test(path))).toEqual([]);
});

test("what its README links to lies in it", () => {
  const readme = readFileSync(join(installed, "README.md"), "utf8");
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path ?? "");
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((path) => !existsSync(join(installed, path)))).toEqual([]);
});

test("a stranger's schema: compiled against its types, migrated by drizzle-kit, guarded, used; linter, doctor and hunter by its bin", async () => {
  expect(await run(process.execPath, [TSC], product)).toBe("");
  expect(await run(process.execPath, [KIT, "generate", "--dialect", "postgresql", "--schema", "schema.ts"], product)).toContain("[✓]");
  const issuer = makeIssuer();
  const said = await node(["out/set-up.js"], {
    INSTALLER_URL: database.url,
    LOGIN_URL: withUser(database.url, "rehome_login"),
    WORKER_URL: withUser(database.url, "rehome_worker"),
    ISS,
    JWK: JSON.stringify(issuer.jwk),
    TOKEN: issuer.token(),
  });
  expect(JSON.parse(said)).toEqual({
    tables: 3,
    policies: 13,
    reapplied: [],
    mirrorReady: true,
    made: [{ name: "Ada" }],
    foreign: "forbidden",
  });
  const [lint, sarif, doctor, hunt] = await Promise.all([
    bin("lint", "--database", database.url),
    bin("lint", "--database", database.url, "--format", "sarif"),
    bin("doctor", "--database", database.url, "--json"),
    bin("hunt", "--database", database.url, "--json"),
  ]);
  expect(lint).toMatchObject({ code: 0, said: expect.stringMatching(/Found: \d+ notes\.\n$/) });
  expect(JSON.parse(sarif.said)).toMatchObject({ version: "2.1.0" });
  expect(JSON.parse(doctor.said)).toMatchObject({
    checks: expect.arrayContaining([expect.objectContaining({ name: "guard", state: "ok" })]),
  });
  // One persona and few rows leave gaps, which it tells by 3; what counts here is that it ran and tried.
  expect(JSON.parse(hunt.said)).toMatchObject({ findings: [], denied: expect.any(Number) });
  expect(JSON.parse(hunt.said).denied).toBeGreaterThan(50);
});

test("its types are checked, not any: a column that is none is refused", async () => {
  const wrong = `import { orgScoped, createTenancy } from "@rehome/tenancy";\norgScoped("org_id");\ncreateTenancy({ pool: 7 });\n`;
  writeFileSync(join(product, "wrong.ts"), wrong);
  const { code, said } = await attempt(
    process.execPath,
    [TSC, "--ignoreConfig", "--noEmit", "--module", "NodeNext", "--skipLibCheck", "wrong.ts"],
    product,
  );
  expect(code).not.toBe(0);
  expect(said.match(/wrong\.ts\(\d+,\d+\): error TS\d+/g)).toHaveLength(2);
});

test("drizzle-orm and pg are the stranger's: in the ranges, and nowhere among its own", () => {
  const { dependencies, devDependencies, peerDependencies } = manifest(installed);
  expect(Object.keys(dependencies)).toEqual(["commander", "node-sarif-builder"]);
  expect(devDependencies).toBeUndefined();
  for (const name of ["drizzle-orm", "pg"]) expect(peerDependencies[name]).toBe(`^${manifest(join(MODULES, name)).version}`);
});

test("packing leaves the workspace as it was; so does one that was killed, unless somebody went on from there", () => {
  const text = (name: string, folder = home) => readFileSync(join(folder, name), "utf8");
  const asBefore = () => {
    for (const name of ["package.json", "README.md"]) expect(text(name)).toBe(text(name, HOME));
    for (const name of [".unpacked", "dist", "docs", "LICENSE"]) expect(existsSync(join(home, name)), name).toBe(false);
  };
  asBefore();
  dress(home);
  expect(text("package.json")).not.toBe(text("package.json", HOME));
  undress(home);
  asBefore();
  undress(home);
  asBefore();

  dress(home);
  const edited = text("package.json", HOME).replace("0.1.0", "0.1.1");
  writeFileSync(join(home, "package.json"), edited);
  undress(home);
  expect(text("package.json")).toBe(edited);
  writeFileSync(join(home, "package.json"), text("package.json", HOME));
});
