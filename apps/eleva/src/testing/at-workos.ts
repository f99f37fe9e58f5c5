import { startWorkosTwin, type WorkosTwin, withUser } from "@rehome/sandbox";
import { installRoles, type RunJob, runAs } from "@rehome/tenancy";
import type { WorkOS } from "@workos-inc/node";
import pg from "pg";
import { workosOf } from "../../demo/proofs/workos.ts";
import { JOBS } from "../hunt/world.ts";
import { workosRoles } from "../move/permissions.ts";
import type { TargetDatabase } from "./target-database.ts";

/** A WorkOS twin without limits that knows Eleva's roles. The caller stops it. */
export async function startWorkosWithRoles(): Promise<{ twin: WorkosTwin; workos: WorkOS }> {
  const twin = await startWorkosTwin({ limits: false });
  const workos = workosOf(twin);
  for (const [slug, { name }] of Object.entries(workosRoles)) {
    if (slug !== "member") await workos.authorization.createEnvironmentRole({ slug, name }); // every environment has `member`
  }
  return { twin, workos };
}

/** The jobs of organizations on one target, and the end of their connections. */
export interface OrganizationJobs {
  run: Record<"sync" | "claim" | "deletion", RunJob>;
  stop(): Promise<void>;
}

/** Makes the logins of Eleva's target, and connections for the jobs of organizations. */
export async function startOrganizationJobs(target: TargetDatabase): Promise<OrganizationJobs> {
  await installRoles(target.owner, { moverPassword: "mover", loginPassword: "login", workerPassword: "worker", jobs: JOBS });
  const workers = new pg.Pool({ connectionString: withUser(target.url, "rehome_worker", "worker"), max: 4 });
  workers.on("error", () => {}); // the database goes before its connections
  return {
    run: { sync: runAs(workers, "sync"), claim: runAs(workers, "claim"), deletion: runAs(workers, "deletion") },
    stop: () => workers.end(),
  };
}
