import { readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

/**
 * The product's files of TypeScript and JavaScript in a folder: no tests (`*.test.ts`, `*.spec.ts`), no declarations, nothing in node_modules or
 * folders that begin with a dot. Links are not followed.
 *
 * @param place a folder or one file
 * @returns paths from `root`, with slashes; empty when there is no such place
 */
export function sourceFiles(root: string, place: string): string[] {
  const found = statSync(place, { throwIfNoEntry: false });
  const files = found?.isDirectory() ? within(place) : found?.isFile() ? [place] : [];
  return files.map((file) => relative(root, file).replaceAll(sep, "/")).sort();
}

function within(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" || entry.name.startsWith(".") ? [] : within(path);
    return entry.isFile() && SOURCE.test(entry.name) && !NO_SOURCE.test(entry.name) ? [path] : [];
  });
}

const SOURCE = /\.[cm]?[jt]sx?$/;
const NO_SOURCE = /\.d\.[cm]?ts$|\.(?:test|spec)\.[cm]?[jt]sx?$/;
