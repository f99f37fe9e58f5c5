import { addIssuer, afterMigration, createTenancy, installGuard, installRoles, syncKeys, TenancyError } from "@rehome/tenancy";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";
import * as schema from "./schema.ts";

// The README's steps, from an empty database on. What came of them is printed as one JSON object.

const { INSTALLER_URL, LOGIN_URL, WORKER_URL, ISS = "", JWK = "", TOKEN = "" } = process.env;
const client = new pg.Client({ connectionString: INSTALLER_URL });
await client.connect();
await installRoles(client, { moverPassword: "mover", loginPassword: "login", workerPassword: "worker", jobs: ["sync"] });
await installGuard(client);
await migrate(drizzle(client), { migrationsFolder: "drizzle" });
const proved = await afterMigration(client, { schema });
const guard = await installGuard(client);
await addIssuer(client, { kind: "workos", iss: [ISS], jwksUrl: "https://api.workos.com/sso/jwks/client_01STRANGER" });
await syncKeys(client, "workos", async () => Response.json({ keys: [JSON.parse(JWK)] }));

const pool = new pg.Pool({ connectionString: LOGIN_URL });
const workers = new pg.Pool({ connectionString: WORKER_URL });
const tenancy = createTenancy({ pool, workers, schema });
await tenancy.job("sync", (db) =>
  db
    .insert(schema.memberships)
    .values({ orgId: "org_01A", workosUserId: "user_01A", roleSlug: "member", permissions: [], status: "active" }),
);
const made = await tenancy.as(TOKEN, async (db) => {
  const [boat] = await db.insert(schema.boats).values({ orgId: "org_01A", name: "Ada" }).returning();
  await db.insert(schema.trips).values({ orgId: "org_01A", boatId: boat?.id ?? "" });
  return await db.query.boats.findMany({ columns: { name: true } });
});
const foreign = await tenancy
  .as(TOKEN, (db) => db.insert(schema.boats).values({ orgId: "org_01B", name: "Eve" }))
  .then(
    () => "inserted",
    (error: unknown) => (error instanceof TenancyError ? error.code : "another error"),
  );
await Promise.all([pool.end(), workers.end(), client.end()]);
console.log(JSON.stringify({ ...proved, mirrorReady: guard.mirrorReady, made, foreign }));
