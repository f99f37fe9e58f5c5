import { hash } from "node:crypto";

/** Tickets of the database by token. Held in this process's memory only; each is worth as much as its token, and no longer. */
export interface Tickets {
  of(token: string): string | undefined;
  keep(token: string, ticket: string): void;
  drop(token: string): void;
}

const LIFE_MS = 4 * 60_000;

/** @param most how many to hold; the oldest goes first */
export function ticketCache(most = 10_000, now: () => number = Date.now): Tickets {
  // By digest: a heap dump shows tickets that live minutes, and no token.
  const held = new Map<string, { ticket: string; until: number }>();
  const digest = (token: string) => hash("sha256", token, "base64");
  return {
    of(token) {
      const key = digest(token);
      const found = held.get(key);
      if (found && found.until > now()) return found.ticket;
      held.delete(key);
      return undefined;
    },
    keep(token, ticket) {
      const key = digest(token);
      held.delete(key);
      held.set(key, { ticket, until: Math.min(now() + LIFE_MS, expiryMs(token)) });
      for (const oldest of held.keys()) {
        if (held.size <= most) break;
        held.delete(oldest);
      }
    },
    drop(token) {
      held.delete(digest(token));
    },
  };
}

/** The database has verified the token when this is asked. */
function expiryMs(token: string): number {
  const exp = payloadOf(token)["exp"];
  return typeof exp === "number" ? exp * 1000 : 0;
}

/** The claims as they stand in the token, verified by nobody: good for a hint, never for a decision. */
export function payloadOf(token: string): Record<string, unknown> {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return typeof payload === "object" && payload !== null ? (payload as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
