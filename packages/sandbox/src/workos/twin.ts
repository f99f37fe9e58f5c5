import { serveTwin } from "../twin/serve.ts";
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
  const { app, listensAt, stop: stopDeliveries } = createApp(settings, await Signer.create());
  const { port, stop } = await serveTwin(app, settings.port);
  const url = `http://127.0.0.1:${port}`;
  listensAt(url);
  return {
    service: "workos",
    port,
    url,
    apiKey: settings.apiKey,
    clientId: settings.clientId,
    adminToken: settings.adminToken,
    stop: () => {
      stopDeliveries();
      return stop();
    },
  };
}
