import { addAdminDoor } from "../twin/admin-door.ts";
import type { Counters } from "../twin/counters.ts";
import type { Faults } from "../twin/faults.ts";
import type { ClerkApp } from "./app.ts";
import { ClerkRefusal, invalid, notFound } from "./errors.ts";
import { type ExportOptions, exportCsv } from "./export-csv.ts";
import type { ClerkSeedUser } from "./seed.ts";
import { createSession, redeemSignInToken } from "./sessions-routes.ts";
import type { ClerkState } from "./state.ts";
import type { SessionTokens } from "./tokens.ts";
import { userFromSeed } from "./user.ts";
import { bodyOf } from "./users-routes.ts";

interface AdminOptions extends ExportOptions {
  adminToken: string;
}

/** What only the twin has, under `/__twin`, with the header `x-twin-admin`. */
export function addAdminRoutes(
  app: ClerkApp,
  state: ClerkState,
  tokens: SessionTokens,
  faults: Faults,
  counters: Counters,
  options: AdminOptions,
): void {
  addAdminDoor(app, {
    adminToken: options.adminToken,
    faults,
    refuse: () => new ClerkRefusal(401, "twin_admin_invalid", "The header x-twin-admin is missing or wrong."),
    invalid,
  });
  app.post("/__twin/users", async (c) => {
    const seeds = (await c.req.json()) as ClerkSeedUser[];
    if (!Array.isArray(seeds)) throw invalid("users", "An array of users is expected.");
    for (const seed of seeds) state.users.set(seed.id, userFromSeed(seed));
    return c.json({ users: seeds.length });
  });
  app.get("/__twin/export.csv", (c) => {
    const inVerified = c.req.query("primaryInVerified");
    const separator = c.req.query("separator");
    return c.body(
      exportCsv([...state.users.values()], {
        primaryInVerified: inVerified === undefined ? options.primaryInVerified : inVerified === "true",
        separator: separator === "," || separator === "|" ? separator : options.separator,
      }),
      200,
      { "Content-Type": "text/csv; charset=utf-8" },
    );
  });
  app.delete("/__twin/users/:id", (c) => {
    state.user(c.req.param("id")).inApi = false;
    state.revokeSessionsOf(c.req.param("id"));
    return c.json({});
  });
  app.patch("/__twin/users/:id", async (c) => {
    const user = state.users.get(c.req.param("id"));
    if (!user) throw notFound("User");
    const { inExport } = await bodyOf(c);
    if (typeof inExport === "boolean") user.inExport = inExport;
    return c.json({});
  });
  app.post("/__twin/sessions", async (c) => {
    const body = await bodyOf(c);
    const organization = typeof body["organization_id"] === "string" ? body["organization_id"] : null;
    const session =
      typeof body["ticket"] === "string"
        ? redeemSignInToken(state, body["ticket"])
        : createSession(state, String(body["user_id"]), organization);
    return c.json({
      sessionId: session.id,
      token: await tokens.sign(session, state.user(session.userId)),
    });
  });
  app.get("/__twin/counters", (c) =>
    c.json({
      requests: counters.requests,
      byRoute: counters.byRoute,
      byStatus: counters.byStatus,
      faults: faults.struck,
      users: state.apiUsers().length,
    }),
  );
}
