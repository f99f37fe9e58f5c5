import { startWorkosTwin, type WorkosTwin, WorkosTwinAdmin, type WorkosTwinOptions } from "@rehome/sandbox";
import { type User, WorkOS } from "@workos-inc/node";
import { eleva } from "./definition.ts";

export interface TestWorkos {
  twin: WorkosTwin;
  workos: WorkOS;
  admin: WorkosTwinAdmin;
  createUser(email: string, verified?: boolean): Promise<User>;
  stop(): Promise<void>;
}

/** A WorkOS environment with the roles of the definition. */
export async function testWorkos(options: WorkosTwinOptions = {}): Promise<TestWorkos> {
  const twin = await startWorkosTwin({ limits: false, ...options });
  const workos = new WorkOS(twin.apiKey, {
    clientId: twin.clientId,
    apiHostname: "127.0.0.1",
    port: twin.port,
    https: false,
    maxRetries: 0,
  } as never);
  for (const slug of Object.keys(eleva.roles)) {
    if (slug !== "member") await workos.authorization.createEnvironmentRole({ slug, name: slug });
  }
  return {
    twin,
    workos,
    admin: new WorkosTwinAdmin(twin),
    createUser: (email, emailVerified = true) => workos.userManagement.createUser({ email, emailVerified }),
    stop: () => twin.stop(),
  };
}
