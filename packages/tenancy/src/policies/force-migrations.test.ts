import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { forceMigrations } from "./force-migrations.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tenancy-force-"));
  mkdirSync(join(folder, "meta"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const BREAK = "--> statement-breakpoint\n";

/** Migrations as drizzle-kit writes them, one after the other. */
function migrations(...files: string[][]): void {
  files.forEach((statements, at) => {
    writeFileSync(join(folder, `000${at}_step.sql`), statements.join(BREAK));
  });
  writeFileSync(join(folder, "meta/_journal.json"), JSON.stringify({ entries: files.map((_, idx) => ({ idx, tag: `000${idx}_step` })) }));
}
const text = (at: number) => readFileSync(join(folder, `000${at}_step.sql`), "utf8");
const enable = (table: string) => `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;`;

test("the newest migration gets FORCE for each table it guards, once, behind what it did already", () => {
  const made = ['CREATE TABLE "notes" ("id" int);', enable('"notes"'), enable('"crm"."tasks"'), 'CREATE TABLE "plain" ("id" int);'];
  migrations(made);
  expect(forceMigrations(folder)).toEqual({ file: join(folder, "0000_step.sql"), tables: ['"notes"', '"crm"."tasks"'] });
  const wanted = `${[...made, 'ALTER TABLE "notes" FORCE ROW LEVEL SECURITY;', 'ALTER TABLE "crm"."tasks" FORCE ROW LEVEL SECURITY;'].join(BREAK)}\n`;
  expect(text(0)).toBe(wanted);
  expect(forceMigrations(folder)).toEqual({ file: undefined, tables: [] });
  expect(text(0)).toBe(wanted);
});

test("a table that an older migration left open is named with the statement, and nothing is written", () => {
  migrations([enable('"notes"')], [enable('"tasks"')]);
  expect(() => forceMigrations(folder)).toThrow(
    expect.objectContaining({ code: "install_refused", message: expect.stringContaining('"notes"') }),
  );
  expect(text(1)).not.toContain("FORCE");
  migrations([enable('"notes"')], ['ALTER TABLE "notes" FORCE ROW LEVEL SECURITY;', enable('"tasks"')]);
  expect(forceMigrations(folder).tables).toEqual(['"tasks"']);
});

test("tables that were renamed, dropped, opened again or switched off are followed", () => {
  migrations([
    enable('"a"'),
    'ALTER TABLE "a" RENAME TO "b";',
    enable('"gone"'),
    'DROP TABLE "gone" CASCADE;',
    enable('"off"'),
    'ALTER TABLE "off" DISABLE ROW LEVEL SECURITY;',
    enable('"again"'),
    'ALTER TABLE "again" FORCE ROW LEVEL SECURITY;',
    'ALTER TABLE "again" NO FORCE ROW LEVEL SECURITY;',
  ]);
  expect(forceMigrations(folder).tables).toEqual(['"b"', '"again"']);
});

test("no journal, no migrations", () => {
  expect(() => forceMigrations(folder)).toThrow(
    expect.objectContaining({ code: "install_refused", message: expect.stringContaining("_journal.json") }),
  );
  migrations();
  expect(forceMigrations(folder)).toEqual({ file: undefined, tables: [] });
});
