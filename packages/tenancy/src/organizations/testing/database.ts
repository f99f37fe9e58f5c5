import { readFileSync } from "node:fs";
import { freshDatabase, withUser } from "@rehome/sandbox";
import pg from "pg";
import { installGuard } from "../../install/guard.ts";
import { installRoles } from "../../install/roles.ts";
import { type InstallOrganizations, installOrganizations } from "../install.ts";
import { type RunJob, runAs } from "../run.ts";
import { eleva } from "./definition.ts";

export const INSTALL: InstallOrganizations = {
  definition: eleva,
  columns: { owner: "org_id", party: ["patient_org_id"] },
  erase: { "public.profiles": ["workos_user_id"] },
  archive: { "public.records": { keep: "10 years" }, "public.meetings": { keep: "7 years", columns: ["id", "org_id", "amount"] } },
};

export interface OrganizationsDatabase {
  url: string;
  /** Superuser. */
  owner: pg.Client;
  /** The login of background jobs. */
  workers: pg.Pool;
  sync: RunJob;
  claim: RunJob;
  deletion: RunJob;
  /** All rows of a query, as superuser. */
  rows<Row = Record<string, unknown>>(sql: string, params?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** A database with roles, guard, the standard tables as drizzle-kit makes them, a small product, and organizations installed. */
export async function organizationsDatabase(install: InstallOrganizations = INSTALL): Promise<OrganizationsDatabase> {
  const database = await freshDatabase();
  const owner = new pg.Client({ connectionString: database.url });
  owner.on("error", () => {});
  await owner.connect();
  await installRoles(owner, {
    moverPassword: "mover",
    loginPassword: "login",
    workerPassword: "worker",
    workerConnections: -1,
    jobs: ["sync", "claim", "deletion"],
  });
  await installGuard(owner);
  await installOrganizations(owner, install);
  await owner.query("set role rehome_owner");
  await owner.query(readFileSync(new URL("tables.sql", import.meta.url), "utf8")); // install.test.ts holds it to tables.ts
  await owner.query("reset role");
  await owner.query(readFileSync(new URL("product.sql", import.meta.url), "utf8"));
  await installGuard(owner);
  await installOrganizations(owner, install);
  const workers = new pg.Pool({ connectionString: withUser(database.url, "rehome_worker", "worker"), max: 6 });
  workers.on("error", () => {});
  return {
    url: database.url,
    owner,
    workers,
    sync: runAs(workers, "sync"),
    claim: runAs(workers, "claim"),
    deletion: runAs(workers, "deletion"),
    rows: async <Row>(sql: string, params: unknown[] = []) => (await owner.query(sql, params)).rows as Row[],
    async drop() {
      await workers.end();
      await owner.end();
      await database.drop();
    },
  };
}
