import { WorkOS } from "@workos-inc/node";
import pg from "pg";
import { ensurePersonalOrganization } from "../personal.ts";
import { runAs } from "../run.ts";

// A process that a test kills: it says when WorkOS has answered the named call, and then waits for its end.
const { WORKERS, API_KEY, PORT, USER_ID = "", AFTER } = process.env;
const workos = new WorkOS(API_KEY, { apiHostname: "127.0.0.1", port: Number(PORT), https: false, maxRetries: 0 } as never);
const services = { createOrganization: workos.organizations, createOrganizationMembership: workos.userManagement } as Record<
  string,
  object
>;
const service = services[AFTER ?? ""] as Record<string, (...args: unknown[]) => Promise<unknown>>;
const original = service[AFTER ?? ""]?.bind(service);
service[AFTER ?? ""] = async (...args) => {
  await original?.(...args);
  process.stdout.write("answered\n");
  return await new Promise((resolve) => setTimeout(resolve, 60_000));
};
const run = runAs(new pg.Pool({ connectionString: WORKERS ?? "" }), "sync");
const user = await workos.userManagement.getUser(USER_ID);
await ensurePersonalOrganization({ workos, run }, { user, name: "Ana" });
