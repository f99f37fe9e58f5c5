import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const TSC = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/**
 * Makes `dist`: what index.ts and main.ts reach, as JavaScript for Node 20 with its types, and the files that the code reads beside itself (.sql, .jsonl).
 *
 * @param home folder of the package
 * @throws Error with what the compiler says
 */
export function build(home: string): void {
  const dist = join(home, "dist");
  rmSync(dist, { recursive: true, force: true });
  const { status, stdout, stderr } = spawnSync(process.execPath, [TSC, "-p", join(home, "tsconfig.build.json")], { encoding: "utf8" });
  if (status !== 0) throw new Error(`tsc ended with ${status}:\n${stdout}${stderr}`);
  cpSync(join(home, "src"), dist, {
    recursive: true,
    // A folder passes, so that what is in it is asked; those with tests only hold none that is read.
    filter: (path) => !/[/\\]testing$/.test(path) && (!/\.[a-z]+$/.test(path) || /\.(sql|jsonl)$/.test(path)),
  });
}
