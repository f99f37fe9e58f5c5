import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Files that differ in the packed package; their own text waits in KEPT until the package is packed. */
const DRESSED = ["package.json", "README.md"] as const;
const KEPT = ".unpacked";
/** Made for the package only. */
const MADE = ["dist", "docs", "LICENSE"] as const;

/**
 * Puts the package into the form in which strangers get it. In the workspace everything runs from `src`, which Node strips of its types; it refuses
 * to do so under node_modules. There the doors are `dist`, and the pages that the README and errors name lie in the package.
 *
 * @param home folder of the package, built
 */
export function dress(home: string): void {
  mkdirSync(join(home, KEPT));
  for (const name of DRESSED) copyFileSync(join(home, name), join(home, KEPT, name));
  const readme = readFileSync(join(home, "README.md"), "utf8");
  copyFileSync(join(home, "../../LICENSE"), join(home, "LICENSE"));
  for (const page of pagesOf(readme)) {
    mkdirSync(dirname(join(home, page)), { recursive: true });
    cpSync(join(home, "../..", page), join(home, page));
  }
  writeFileSync(join(home, "README.md"), readme.replaceAll("(../../docs/", "(docs/"));
  // Last, because it is the mark of a dressed package.
  writeFileSync(join(home, "package.json"), `${JSON.stringify(packedManifest(manifestOf(home)), null, 2)}\n`);
}

/** The workspace's own form again, and nothing left that was made. May be run when nothing was dressed. */
export function undress(home: string): void {
  // Somebody who put package.json right by hand has gone on from there: then what was kept is old.
  if (existsSync(join(home, KEPT)) && isDressed(home)) for (const name of DRESSED) renameSync(join(home, KEPT, name), join(home, name));
  for (const name of [...MADE, KEPT]) rmSync(join(home, name), { recursive: true, force: true });
}

interface Manifest {
  exports?: object;
  devDependencies?: object;
}

const manifestOf = (home: string) => JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as Manifest;

const isDressed = (home: string) => JSON.stringify(manifestOf(home).exports) === JSON.stringify(DOORS);

const DOORS = { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } };

function packedManifest({ devDependencies: _, ...manifest }: Manifest): object {
  return {
    ...manifest,
    bin: { tenancy: "./dist/main.js" },
    exports: DOORS,
    // The example is there to be read; what runs it needs the repository.
    files: [...MADE, "example", "!example/main.ts", "!example/testing", "!example/**/*.test.ts"],
  };
}

/** Pages of the repository that a README links to, as paths from its root. */
function pagesOf(readme: string): string[] {
  return [...new Set([...readme.matchAll(/\(\.\.\/\.\.\/(docs\/[a-z/-]+\.md)\)/g)].map(([, page]) => page ?? ""))];
}
