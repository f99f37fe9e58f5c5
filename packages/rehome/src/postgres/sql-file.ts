import { readFileSync } from "node:fs";

/** The text of a `.sql` file next to the caller: `sqlFile(import.meta.url, "freeze.sql")`. Only the CLI's packages use it; what an app bundles does not. */
export function sqlFile(moduleUrl: string, name: string): string {
  return readFileSync(new URL(name, moduleUrl), "utf8");
}
