import type { Hono } from "hono";
import { readBody, requiredText } from "./body.ts";
import { badRequest, unprocessable } from "./errors.ts";
import { paginate, readPageQuery } from "./pages.ts";
import type { Environment } from "./state.ts";
import { findUser } from "./users.ts";
import { sessionWire } from "./wire.ts";

export function addSessionRoutes(app: Hono, environment: Environment): void {
  app.get("/user_management/users/:id/sessions", (c) => {
    const user = findUser(environment, c.req.param("id"));
    return c.json(
      paginate(
        environment.sessionsByUser.of(user.id),
        readPageQuery((name) => c.req.query(name)),
        sessionWire,
      ),
    );
  });

  app.post("/user_management/sessions/revoke", async (c) => {
    const session = environment.sessions.get(requiredText(await readBody(c), "session_id"));
    if (!session) throw badRequest("session_not_found", "The session does not exist.");
    environment.endSession(session);
    return c.body(null, 200);
  });

  // The browser comes here to sign out, without an API key.
  app.get("/user_management/sessions/logout", (c) => {
    const session = environment.sessions.get(c.req.query("session_id") ?? "");
    if (!session) throw unprocessable("session_id", "names no session");
    environment.endSession(session);
    const returnTo = c.req.query("return_to");
    return returnTo === undefined ? c.body(null, 200) : c.redirect(returnTo, 302);
  });
}
