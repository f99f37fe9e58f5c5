import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface OldPostgres {
  port: number;
  stop(): Promise<void>;
}

/**
 * A server that looks old: everything passes to a real one, but for the answer to the mover's question for its version.
 *
 * No old server installs from npm; so the real one answers and one number in its answer is changed on the way, a row of one column of two bytes.
 */
export async function startOldPostgres(realPort: number, major: 15): Promise<OldPostgres> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const real = connect(realPort, "127.0.0.1");
    for (const socket of [client, real]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        real.destroy();
      });
    }
    client.pipe(real);
    real.on("data", (bytes: Buffer) => client.write(withMajor(bytes, major)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** DataRow ('D') of 12 bytes: one column, two bytes long. */
const VERSION_ROW = Buffer.from([0x44, 0, 0, 0, 12, 0, 1, 0, 0, 0, 2]);

function withMajor(bytes: Buffer, major: number): Buffer {
  const at = bytes.indexOf(VERSION_ROW);
  if (at < 0) return bytes;
  const changed = Buffer.from(bytes);
  changed.write(String(major), at + VERSION_ROW.length);
  return changed;
}
