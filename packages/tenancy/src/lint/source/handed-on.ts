import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { takesDriver } from "./drivers.ts";
import { modulesOf } from "./modules.ts";
import { scan } from "./scan.ts";

/**
 * Says whether a file may have a driver to hand on: it loads one, or passes on what such a file exports. True for a file that is not there (it may be
 * made later), because a finding too many is looked at.
 *
 * @param from the file that names the module
 * @param module a path that begins with a dot, as an import has it
 */
export function handsDriverOn(from: string, module: string, asked: ReadonlySet<string> = new Set()): boolean {
  const file = fileOf(resolve(dirname(from), module));
  if (file === undefined) return true;
  if (asked.has(file)) return false;
  const uses = scan(readFileSync(file, "utf8")).flatMap(modulesOf);
  const further = new Set([...asked, file]);
  return uses.some((use) => takesDriver(use) || (use.passedOn && use.module.startsWith(".") && handsDriverOn(file, use.module, further)));
}

/** An import may leave the ending out, name a folder, or say `.js` where the source is `.ts`. */
function fileOf(path: string): string | undefined {
  const bare = path.replace(/\.([cm]?)jsx?$/, ".$1ts");
  const ends = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"];
  const places = [path, bare, `${bare}x`, ...ends.map((end) => path + end), ...ends.map((end) => `${path}/index${end}`)];
  return places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile());
}
