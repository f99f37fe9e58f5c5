import type { LintOptions, Persona } from "@rehome/tenancy";
import type { ClientBase } from "pg";
import { addExampleIssuer } from "./issuer.ts";
import { JOBS, PEOPLE } from "./people.ts";
import * as schema from "./schema.ts";
import { whoSeesWhat } from "./who-sees-what.ts";

const TESTS_ONLY = "The tests run any SQL as anybody, on the owner's connection.";

/** For `tenancy lint`. */
export default {
  partyColumns: ["client_org_id"],
  accept: [
    { rule: "anonymous-reads", object: "public.organizations", reason: "The directory: those that asked to be listed." },
    { rule: "anonymous-reads", object: "public.pages", reason: "Published pages." },
  ],
  source: {
    folders: ["."],
    allow: [
      {
        rule: "source-opens-database",
        object: "main.ts",
        reason: "The pool that createTenancy is given, and the owner's connection for setUp.",
      },
      { rule: "source-opens-database", object: "set-up.ts", reason: "Drizzle's migrator, as the installer." },
      { rule: "source-opens-database", object: "testing/example-database.ts", reason: TESTS_ONLY },
      { rule: "source-sets-role", object: "testing/example-database.ts", reason: TESTS_ONLY },
      { rule: "source-calls-guard", object: "testing/example-database.ts", reason: TESTS_ONLY },
    ],
  },
} satisfies LintOptions;

/** For `tenancy doctor`: what afterMigration is called with, so that a policy that is gone is missed. */
export const declared = { schema };

/** For `tenancy hunt`, on a copy: it gives the guard an issuer whose key nobody else has, to sign tokens of everybody. */
export async function hunt(owner: ClientBase) {
  const token = await addExampleIssuer(owner);
  const nobody = { userId: null, orgId: null };
  const people = PEOPLE.map(
    async ({ name, kind, user, org }): Promise<Persona> => ({
      name,
      kind,
      role: "authenticated",
      userId: user,
      orgId: org,
      token: await token(user, org),
    }),
  );
  const personas: Persona[] = [
    ...(await Promise.all(people)),
    {
      name: "Olga, token expired",
      kind: "expired token",
      role: "authenticated",
      userId: "user_olga",
      orgId: "org_alder",
      token: await token("user_olga", "org_alder", -60),
      refused: "RJ008",
    },
    { name: "anonymous", kind: "anonymous", role: "anonymous", ...nobody },
    ...JOBS.map((job): Persona => ({ name: `job ${job}`, kind: "job", role: `rehome_job_${job}`, ...nobody })),
    { name: "the guard", kind: "internal", role: "rehome_guard", ...nobody },
    { name: "the tables' owner", kind: "internal", role: "rehome_owner", ...nobody },
  ];
  return { personas, oracle: whoSeesWhat };
}
