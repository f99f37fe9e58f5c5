import { relative } from "node:path";
import type { Command } from "commander";
import { type Forced, forceMigrations } from "../policies/force-migrations.ts";

export function addForce(program: Command): void {
  program
    .command("force")
    .description(
      "complete the migration that drizzle-kit just generated: FORCE ROW LEVEL SECURITY for its tables, for which Drizzle has no word",
    )
    .argument("[folder]", "drizzle-kit's `out`", "drizzle")
    .addHelpText(
      "after",
      '\nExample:\n  $ tenancy force drizzle\nAs a script of package.json: "generate": "drizzle-kit generate && tenancy force drizzle"',
    )
    .action((folder: string) => {
      process.stdout.write(`${asText(forceMigrations(folder))}\n`);
    });
}

function asText({ file, tables }: Forced): string {
  if (file === undefined) return "Every table with row security has FORCE in the migrations.";
  return `${relative(process.cwd(), file)}: FORCE for ${tables.join(", ")}`;
}
