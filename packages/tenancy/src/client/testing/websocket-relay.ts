import { connect as dial } from "node:net";
import { WebSocketServer } from "ws";

/** A WebSocket address that carries bytes to a Postgres server and back, as Neon's proxy does. */
export interface WebSocketRelay {
  /** For neonConfig.wsProxy. */
  address: string;
  /** Messages from the driver since `reset`. */
  messages(): number;
  reset(): void;
  stop(): Promise<void>;
}

/** @param url of a server that listens on TCP */
export async function startWebSocketRelay(url: string): Promise<WebSocketRelay> {
  const target = new URL(url);
  let messages = 0;
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  server.on("connection", (socket) => {
    const far = dial(Number(target.port), target.hostname);
    far.setNoDelay(true);
    far.on("data", (chunk) => socket.send(chunk));
    far.on("close", () => socket.close());
    far.on("error", () => socket.close());
    socket.on("message", (data) => {
      messages++;
      far.write(data as Buffer);
    });
    socket.on("close", () => far.destroy());
    socket.on("error", () => far.destroy());
  });
  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}/`,
    messages: () => messages,
    reset() {
      messages = 0;
    },
    async stop() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
