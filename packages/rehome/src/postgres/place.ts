import type { ClientBase } from "pg";

/** Which database an error speaks of. */
export type Side = "legacy" | "target";

const placeByClient = new WeakMap<ClientBase, string>();

/** Remembers where a connection leads, for messages of what goes wrong on it. */
export function namePlace(client: ClientBase, side: Side, url: string): void {
  placeByClient.set(client, `${side} database ${place(url)}`);
}

/** `target database user@host:port/database`, if the mover opened the connection. */
export const placeOf = (client: ClientBase): string | undefined => placeByClient.get(client);

/** `user@host:port/database`, without the password. */
export function place(url: string): string {
  const { username, hostname, port, pathname } = new URL(url);
  return `${decodeURIComponent(username)}@${hostname}:${port || 5432}${pathname}`;
}
