import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";

/** The bindings give a fault the socket to cut. */
interface ClerkEnv {
  Bindings: HttpBindings;
}

export type ClerkApp = Hono<ClerkEnv>;
export type ClerkContext = Context<ClerkEnv>;
