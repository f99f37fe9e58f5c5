import { startPostgres } from "@rehome/sandbox";
import { createTenancy, newestShared } from "@rehome/tenancy";
import { count } from "drizzle-orm";
import pg from "pg";
import { addExampleIssuer } from "./issuer.ts";
import { PEOPLE } from "./people.ts";
import { engagements, pages, projects, tasks } from "./schema.ts";
import { seed, setUp } from "./set-up.ts";

const server = await startPostgres();
const owner = new pg.Client({ connectionString: server.url("postgres") });
const pool = new pg.Pool({ connectionString: server.url("postgres", "rehome_login") });
owner.on("error", () => {}); // the server ends at the bottom
pool.on("error", () => {});
try {
  await owner.connect();
  const done = await setUp(owner, { moverPassword: "mover", loginPassword: "login", workerPassword: "worker" });
  console.log(`guarded: ${done.tables} tables by ${done.policies} policies, each forced, owned by nobody who logs in, and as declared`);
  await seed(owner);
  const token = await addExampleIssuer(owner);
  const tenancy = createTenancy({ pool });

  for (const { name, user, org } of PEOPLE.filter(({ kind }) => ["owner", "member", "other owner", "suspended"].includes(kind))) {
    await tenancy.as(await token(user, org), async (db) => {
      const [project] = await db.select({ rows: count() }).from(projects);
      const [task] = await db.select({ rows: count() }).from(tasks);
      const shared = await newestShared(db, engagements, {
        orgs: [engagements.orgId, engagements.clientOrgId],
        orderBy: [engagements.startsAt, engagements.id],
        limit: 10,
      });
      console.log(
        `${name.padEnd(24)} projects: ${project?.rows}, tasks: ${task?.rows}, engagements: ${shared.map(({ title }) => title).join(", ") || "none"}`,
      );
    });
  }
  await tenancy.anonymous(async (db) => {
    const shown = await db.select({ title: pages.title }).from(pages);
    console.log(`${"nobody in particular".padEnd(24)} pages: ${shown.map(({ title }) => title).join(", ")}`);
  });
  const tries: [string, string, () => Promise<unknown>][] = [
    ["Max deletes a project", "user_max", async () => tenancy.as(await token("user_max", "org_alder"), (db) => db.delete(projects))],
    [
      "Bea moves a row to Alder",
      "user_bea",
      async () => tenancy.as(await token("user_bea", "org_birch"), (db) => db.update(tasks).set({ orgId: "org_alder" })),
    ],
    [
      "Bea writes for Alder",
      "user_bea",
      async () => tenancy.as(await token("user_bea", "org_birch"), (db) => db.insert(pages).values({ orgId: "org_alder", title: "Hello" })),
    ],
  ];
  for (const [what, , attempt] of tries) console.log(`${what.padEnd(24)} ${await outcome(attempt)}`);
} finally {
  await pool.end();
  await owner.end();
  await server.stop();
}

async function outcome(attempt: () => Promise<unknown>): Promise<string> {
  try {
    const { rowCount } = (await attempt()) as { rowCount: number | null };
    return `${rowCount ?? 0} rows`;
  } catch (error) {
    return `refused (${(error as { code?: string }).code})`;
  }
}
