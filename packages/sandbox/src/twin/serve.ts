import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Env, Hono } from "hono";

interface Served {
  port: number;
  /** Closes the server and every connection. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Serves an application on 127.0.0.1.
 *
 * @param port 0 takes a free one
 * @throws Error when the port is taken
 */
export async function serveTwin<E extends Env>(app: Hono<E>, port: number): Promise<Served> {
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false, autoCleanupIncoming: false }) as Server;
  // A busy machine lets seconds pass between two requests; the usual 5 would cut the second as it comes.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  let stopping: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      (stopping ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      })),
  };
}
