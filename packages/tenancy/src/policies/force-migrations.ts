import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TenancyError } from "../errors.ts";

/** What was written into the newest migration. */
export interface Forced {
  /** Its file, or undefined where there was nothing to add. */
  file: string | undefined;
  /** Tables as they stand in the migration, quoted. */
  tables: string[];
}

const STATEMENTS =
  /\b(?:ALTER TABLE ((?:"[^"]+"\.)?"[^"]+") (?:(ENABLE|DISABLE|FORCE|NO FORCE) ROW LEVEL SECURITY|RENAME TO ("[^"]+"))|DROP TABLE ((?:"[^"]+"\.)?"[^"]+"))/gi;

/**
 * Completes what drizzle-kit generated: Drizzle has no word for FORCE, without which the owner, and each function and view that acts as the owner,
 * is past every policy. To be run after each `drizzle-kit generate`, before the migration is applied anywhere: each table whose row security the
 * newest migration switches on gets FORCE there. Again changes nothing.
 *
 * @param folder drizzle-kit's `out`, with meta/_journal.json
 * @throws TenancyError install_refused when there is no journal, or an older migration, which may be applied already, left a table without FORCE
 */
export function forceMigrations(folder: string): Forced {
  const tags = journal(folder);
  const newest = tags.at(-1);
  if (newest === undefined) return { file: undefined, tables: [] };
  const open = new Map<string, string>(); // table → the migration that switched its row security on without FORCE
  for (const tag of tags) follow(open, tag, readFileSync(join(folder, `${tag}.sql`), "utf8"));
  const older = [...open].filter(([, tag]) => tag !== newest).map(([table]) => table);
  if (older.length > 0) {
    throw refused(
      `Migrations before ${newest}.sql left tables without FORCE: ${older.join(", ")}.`,
      `They may be applied already. Put this into a migration of its own (drizzle-kit generate --custom): ${older.map(force).join(" ")}`,
    );
  }
  if (open.size === 0) return { file: undefined, tables: [] };
  const file = join(folder, `${newest}.sql`);
  const tables = [...open.keys()];
  writeFileSync(file, `${[readFileSync(file, "utf8").trimEnd(), ...tables.map(force)].join("--> statement-breakpoint\n")}\n`);
  return { file, tables };
}

const force = (table: string) => `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;`;

function follow(open: Map<string, string>, tag: string, sql: string): void {
  for (const [, table = "", change, renamed, dropped] of sql.matchAll(STATEMENTS)) {
    const was = open.get(table);
    if (change?.toUpperCase() === "ENABLE") open.set(table, was ?? tag);
    else if (change?.toUpperCase() === "NO FORCE") open.set(table, tag);
    else open.delete(dropped ?? table);
    if (renamed && was)
      open.set(
        table.replace(/"[^"]+"$/, () => renamed),
        was,
      );
  }
}

function journal(folder: string): string[] {
  const path = join(folder, "meta/_journal.json");
  try {
    const { entries } = JSON.parse(readFileSync(path, "utf8")) as { entries: { tag: string }[] };
    return entries.map(({ tag }) => tag);
  } catch {
    throw refused(
      `There is no journal of migrations in ${path}.`,
      "Name the folder that drizzle-kit generate writes to (`out` of its config).",
    );
  }
}

function refused(message: string, next: string): TenancyError {
  return new TenancyError("install_refused", {}, { message, next });
}
