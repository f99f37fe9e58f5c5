import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Rule } from "./finding.ts";
import { FAMILIES, RULES } from "./rules.ts";

export const PAGE = fileURLToPath(new URL("../../../../docs/lint.md", import.meta.url));

/** docs/lint.md, made of the rules. Written by `node packages/tenancy/src/lint/page.ts`. */
export function lintPage(): string {
  return `${[HEAD, ...Object.entries(FAMILIES).map(familyOf), ACCEPT].join("\n\n")}\n`;
}

const HEAD = `# What \`tenancy lint\` looks for

Made from the rules by \`node packages/tenancy/src/lint/page.ts\`; a test fails when they differ. Change the rules, not this page.

    npx tenancy lint --database postgresql://…          # table; --format json or sarif for machines

It reads the catalog and nothing else: no row, no lock, one snapshot, any role. Exit code 0: nothing at \`--level\` (default warn) or above; 3: findings; 2: wrong
usage or options; 1: the database did not answer. Policies are read as Postgres stores them, not as text: functions and tables by their number, so that no
name, cast or spelling hides a call.

    npx tenancy lint --source                           # the product's code instead; --source <folder…> for others than the config's

With \`--source\` it reads files and connects to nothing: the rules under [Source](#source), over the literals, calls and imports of TypeScript and JavaScript.
Comments do not count, nor do tests (\`*.test.ts\`, \`*.spec.ts\`); \`"set_" + "config("\` counts as what it adds up to.

**error**: rows can be seen or changed by whom they do not belong to. **warn**: they may be, or it costs much. **info**: worth knowing.

${RULES.length} rules. The last column names the rule of [splinter](https://github.com/supabase/splinter) that looks for the same; the others it has not.`;

const familyOf = ([name, rules]: [string, readonly Rule[]]): string =>
  [`## ${name}`, "", "| rule | level | finds | why | splinter |", "| --- | --- | --- | --- | --- |", ...rules.map(rowOf)].join("\n");

const rowOf = ({ id, level, title, why, splinter }: Rule): string => `| \`${id}\` | ${level} | ${title} | ${why} | ${splinter ?? ""} |`;

const ACCEPT = `## Findings that stay

What the team has looked at and keeps stands in \`tenancy.config.ts\`, by rule and object, with the reason. Without a reason the linter refuses to run; an entry that
matches nothing is a finding itself. \`*\` in an object stands for anything.

\`\`\`ts
import type { LintOptions } from "@rehome/tenancy";

export default {
  partyColumns: ["client_org_id"],
  accept: [
    { rule: "anonymous-reads", object: "public.pages", reason: "Published pages are for everyone; the policy shows those with is_public only." },
  ],
  source: {
    folders: ["src"],                                                       // from the folder of this file
    allow: [
      { rule: "source-opens-database", object: "src/db.ts", reason: "The pool that createTenancy is given." },
    ],
  },
} satisfies LintOptions;
\`\`\`

\`source.allow\` is the same for \`--source\`; there an object is a file. It allows its rule in the whole file, so keep such a file small.

Columns are known by their names: what says whose a row is, money, credentials. A name counts in every form, \`apiKey\`, \`API_KEYS\` and \`api-key\` alike; \`columns\` replaces the
regular expressions, which are held against the name as it is and against its words in lower case with \`_\` between them.

## What it cannot see

- Whether a policy compares with the *right* column, and whether what it shows is what should be shown: that is what \`tenancy hunt\` tries.
- What a function called by a policy reads, beyond whether it asks for a setting; and whether a check that looks a parent row up compares its organization.
- Whether a job's policies could be narrower: rules on expressions look at policies for the application's roles.
- Rights that come from outside: \`pg_hba.conf\`, a proxy, who has the passwords.
- Of splinter's rules: 0005 (unused index; statistics of a copy say nothing), 0018, 0019, 0020, 0022, 0025, 0026, 0027 (upgrade, bloat and Supabase's own services).
- In source: SQL that is put together where the program runs (\`join\`, a column, a file, a network), a second pool in a file that may have one, what a package does,
  and \`.sql\` files. It reads code as the team writes it; it does not stop somebody who hides. Nor need it: the guard refuses what was not verified.
- In source, drivers are known by name: pg, pg-pool, pg-native, pg-promise, postgres, slonik, knex, kysely, Prisma, Neon's, Vercel's and those of Drizzle. One that another
  file hands on is followed through relative imports; through a path alias or a package it is found only where it is loaded.
- In source, a regular expression behind a block's closing brace on the same line is read as a division, and a text that is a statement word for word ("set role admin")
  as a statement.
- It was run on Postgres 18. The catalog and the form of stored expressions are the same in 16 and 17 as far as it reads them, and that was not tried.`;

if (import.meta.main) writeFileSync(PAGE, lintPage());
