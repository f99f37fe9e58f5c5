import type { Hono } from "hono";
import { readBody, requiredText } from "./body.ts";
import { badRequest } from "./errors.ts";
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
}
