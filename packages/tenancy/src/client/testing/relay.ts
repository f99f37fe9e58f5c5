import { createServer, connect as dial, type Socket } from "node:net";

/** Stands between a driver and the server and counts what travels. */
export interface Relay {
  /** The same database, through the relay. */
  url: string;
  /** Times the driver spoke after the server had spoken: round trips of all connections since `reset`. */
  flights(): number;
  /** What the driver sent, one entry a flight. */
  sent(): Buffer[];
  reset(): void;
  /** Cuts the next connection on which the driver speaks, unheard. */
  cutNext(): void;
  /** Cuts every connection. */
  cut(): void;
  stop(): Promise<void>;
}

/** @param url of a server that listens on TCP */
export async function startRelay(url: string): Promise<Relay> {
  const target = new URL(url);
  let sent: Buffer[] = [];
  let cutting = false;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = dial(Number(target.port), target.hostname);
    let serverSpoke = true;
    near.on("data", (chunk: Buffer) => {
      if (cutting) {
        cutting = false;
        near.destroy();
        return;
      }
      if (serverSpoke) sent.push(chunk);
      else sent.push(Buffer.concat([sent.pop() ?? Buffer.alloc(0), chunk]));
      serverSpoke = false;
      far.write(chunk);
    });
    far.on("data", (chunk) => {
      serverSpoke = true;
      near.write(chunk);
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const near = new URL(url);
  near.hostname = "127.0.0.1";
  near.port = String((server.address() as { port: number }).port);
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: near.href,
    flights: () => sent.length,
    sent: () => sent,
    reset() {
      sent = [];
    },
    cutNext() {
      cutting = true;
    },
    cut,
    async stop() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
