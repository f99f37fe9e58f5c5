import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Line {
  port: number;
  /** From now on nothing passes, in either direction, and nobody is told: both ends see an open connection. */
  cut(): void;
  /** Ends the connections that were cut, and lets new ones through. */
  heal(): void;
  stop(): Promise<void>;
}

/** A line to a server that a test can cut, as a network does that loses every packet. */
export async function startLine(realPort: number): Promise<Line> {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    const real = connect(realPort, "127.0.0.1");
    for (const [from, to] of [
      [client, real],
      [real, client],
    ] as const) {
      open.add(from);
      from.on("error", () => {});
      from.on("data", (bytes: Buffer) => void (isCut || to.write(bytes)));
      from.on("close", () => {
        open.delete(from);
        if (!isCut) to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const end = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true;
    },
    heal() {
      end();
      isCut = false;
    },
    stop: async () => {
      end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
