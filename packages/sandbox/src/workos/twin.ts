import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { createApp } from "./app.ts";
import { settle, type WorkosTwinOptions } from "./options.ts";
import { Signer } from "./tokens.ts";

export type { WorkosTwinOptions } from "./options.ts";

/** What the twin says about itself when it is ready. */
export interface WorkosTwinAddress {
  service: "workos";
  port: number;
  url: string;
  apiKey: string;
  clientId: string;
  /** For the header `x-twin-admin` of the routes under `/__twin/`. */
  adminToken: string;
}

export interface WorkosTwin extends WorkosTwinAddress {
  /** Closes the server and every connection. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a stand-in for api.workos.com on 127.0.0.1, inside this process; all it knows is in memory.
 *
 * @throws Error when an option is unknown or has a wrong form, or the port is taken
 */
export async function startWorkosTwin(options: WorkosTwinOptions = {}): Promise<WorkosTwin> {
  const settings = settle(options);
  const app = createApp(settings, await Signer.create());
  const server = await new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const listening = serve(
      { fetch: app.fetch, hostname: "127.0.0.1", port: settings.port, overrideGlobalObjects: false, autoCleanupIncoming: false },
      () => resolve(listening),
    );
    listening.once("error", reject);
  });
  const { port } = server.address() as AddressInfo;
  let stopping: Promise<void> | undefined;
  return {
    service: "workos",
    port,
    url: `http://127.0.0.1:${port}`,
    apiKey: settings.apiKey,
    clientId: settings.clientId,
    adminToken: settings.adminToken,
    stop: () =>
      (stopping ??= new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      })),
  };
}
