import type { Hono } from "hono";
import { type Body, optionalText, readBody, requiredText } from "./body.ts";
import {
  addDirectory,
  addDirectoryUser,
  addGroup,
  changeDirectoryUser,
  type DirectoryProfile,
  directoryUserWire,
  directoryWire,
  findDirectory,
  findDirectoryUser,
  findGroup,
  groupWire,
  removeDirectoryUser,
  removeGroup,
  setGroupMember,
} from "./directories.ts";
import { unprocessable } from "./errors.ts";
import { findOrganization } from "./organizations.ts";
import type { DirectoryUser, Environment } from "./state.ts";

// `suspended` is an old name: the service makes it `inactive` since December 2023.
const STATES: readonly unknown[] = ["active", "inactive"];

/** Plays the identity provider: what an administrator does there arrives in the twin's directories. */
export function addDirectoryAdminRoutes(app: Hono, environment: Environment): void {
  app.post("/__twin/directories", async (c) => {
    const body = await readBody(c);
    const { id } = findOrganization(environment, requiredText(body, "organization_id"));
    const type = optionalText(body, "type") ?? "generic scim v2.0";
    return c.json(directoryWire(environment, addDirectory(environment, id, requiredText(body, "name"), type)), 201);
  });

  app.post("/__twin/directories/:id/users", async (c) => {
    const directory = findDirectory(environment, c.req.param("id"));
    const profile = { email: null, first_name: null, last_name: null, state: "active", custom_attributes: {} } as const;
    return c.json(directoryUserWire(addDirectoryUser(environment, directory, { ...profile, ...readProfile(await readBody(c)) })), 201);
  });

  app.patch("/__twin/directory_users/:id", async (c) => {
    const user = findDirectoryUser(environment, c.req.param("id"));
    changeDirectoryUser(environment, user, readProfile(await readBody(c)));
    return c.json(directoryUserWire(user));
  });

  app.delete("/__twin/directory_users/:id", (c) => {
    removeDirectoryUser(environment, findDirectoryUser(environment, c.req.param("id")));
    return c.body(null, 204);
  });

  app.post("/__twin/directories/:id/groups", async (c) => {
    const directory = findDirectory(environment, c.req.param("id"));
    return c.json(groupWire(addGroup(environment, directory, requiredText(await readBody(c), "name"))), 201);
  });

  app.delete("/__twin/directory_groups/:id", (c) => {
    removeGroup(environment, findGroup(environment, c.req.param("id")));
    return c.body(null, 204);
  });

  app.on(["PUT", "DELETE"], "/__twin/directory_groups/:id/users/:user", (c) => {
    const group = findGroup(environment, c.req.param("id"));
    setGroupMember(environment, group, findDirectoryUser(environment, c.req.param("user")), c.req.method === "PUT");
    return c.body(null, 204);
  });
}

function readProfile(body: Body): Partial<DirectoryProfile> {
  const profile: Partial<DirectoryProfile> = {};
  for (const field of ["email", "first_name", "last_name"] as const) {
    const value = optionalText(body, field);
    if (value !== undefined) profile[field] = value;
  }
  const { state, custom_attributes: attributes } = body;
  if (state !== undefined) {
    if (!STATES.includes(state)) throw unprocessable("state", `must be one of ${STATES.join(", ")}`);
    profile.state = state as DirectoryUser["state"];
  }
  if (attributes !== undefined) {
    if (typeof attributes !== "object" || attributes === null) throw unprocessable("custom_attributes", "must be an object");
    profile.custom_attributes = attributes as Record<string, unknown>;
  }
  return profile;
}
