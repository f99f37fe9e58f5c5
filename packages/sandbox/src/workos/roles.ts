import type { Hono } from "hono";
import { type Body, optionalText, optionalTexts, readBody, requiredText } from "./body.ts";
import { conflict, notFound, unprocessable } from "./errors.ts";
import { permissionEvent, roleEvent } from "./event-wire.ts";
import { paginate, readPageQuery } from "./pages.ts";
import { type Environment, type Permission, type Role, stamp, touch } from "./state.ts";
import { permissionWire, roleWire } from "./wire.ts";

const LONGEST_NAME = 48;
const LONGEST_DESCRIPTION = 150;
const SLUG = /^[a-z0-9:._-]+$/;

/** Roles and permissions of the environment (those of single organizations are not part of the twin). */
export function addRoleRoutes(app: Hono, environment: Environment): void {
  const roleChanged = (role: Role): void => {
    touch(role);
    environment.events.append("role.updated", roleEvent(role));
  };

  app.post("/authorization/roles", async (c) => {
    const body = await readBody(c);
    const slug = readSlug(body);
    const role: Role = { ...stamp("role"), slug, name: readName(body), description: readDescription(body) ?? null, permissions: [] };
    if (environment.roles.has(slug)) throw conflict("role_slug_conflict", "A role with this slug already exists.");
    environment.roles.set(slug, role);
    environment.events.append("role.created", roleEvent(role));
    return c.json(roleWire(role), 201);
  });

  app.get("/authorization/roles", (c) => c.json({ object: "list", data: [...environment.roles.values()].map(roleWire) }));

  app.get("/authorization/roles/:slug", (c) => c.json(roleWire(findRole(environment, c.req.param("slug")))));

  app.patch("/authorization/roles/:slug", async (c) => {
    const body = await readBody(c);
    const role = findRole(environment, c.req.param("slug"));
    rename(role, body);
    roleChanged(role);
    return c.json(roleWire(role));
  });

  app.put("/authorization/roles/:slug/permissions", async (c) => {
    const body = await readBody(c);
    const role = findRole(environment, c.req.param("slug"));
    const slugs = optionalTexts(body, "permissions");
    if (!slugs) throw unprocessable("permissions", "must be a list of slugs");
    for (const slug of slugs) findPermission(environment, slug);
    role.permissions = [...new Set(slugs)];
    roleChanged(role);
    return c.json(roleWire(role));
  });

  app.post("/authorization/roles/:slug/permissions", async (c) => {
    const body = await readBody(c);
    const role = findRole(environment, c.req.param("slug"));
    const { slug } = findPermission(environment, requiredText(body, "slug"));
    role.permissions = [...new Set([...role.permissions, slug])];
    roleChanged(role);
    return c.json(roleWire(role));
  });

  app.post("/authorization/permissions", async (c) => {
    const body = await readBody(c);
    const slug = readSlug(body);
    const permission: Permission = { ...stamp("perm"), slug, name: readName(body), description: readDescription(body) ?? null };
    if (environment.permissions.has(slug)) throw conflict("permission_slug_conflict", "A permission with this slug already exists.");
    environment.permissions.set(slug, permission);
    environment.events.append("permission.created", permissionEvent(permission));
    return c.json(permissionWire(permission), 201);
  });

  app.get("/authorization/permissions", (c) =>
    c.json(
      paginate(
        [...environment.permissions.values()],
        readPageQuery((name) => c.req.query(name)),
        permissionWire,
      ),
    ),
  );

  app.get("/authorization/permissions/:slug", (c) => c.json(permissionWire(findPermission(environment, c.req.param("slug")))));

  app.patch("/authorization/permissions/:slug", async (c) => {
    const body = await readBody(c);
    const permission = findPermission(environment, c.req.param("slug"));
    rename(permission, body);
    touch(permission);
    environment.events.append("permission.updated", permissionEvent(permission));
    return c.json(permissionWire(permission));
  });

  app.delete("/authorization/permissions/:slug", (c) => {
    const permission = findPermission(environment, c.req.param("slug"));
    const { slug } = permission;
    environment.permissions.delete(slug);
    // Whether the roles that lose it have events of their own is not documented: a consumer must not count on them.
    for (const role of environment.roles.values()) role.permissions = role.permissions.filter((one) => one !== slug);
    environment.events.append("permission.deleted", permissionEvent(permission));
    return c.body(null, 204);
  });
}

function findRole(environment: Environment, slug: string): Role {
  const role = environment.roles.get(slug);
  if (!role) throw notFound("Role", slug);
  return role;
}

function findPermission(environment: Environment, slug: string): Permission {
  const permission = environment.permissions.get(slug);
  if (!permission) throw notFound("Permission", slug);
  return permission;
}

function rename(record: Role | Permission, body: Body): void {
  const name = body["name"] === undefined ? undefined : readName(body);
  const description = readDescription(body);
  if (name !== undefined) record.name = name;
  if (description !== undefined) record.description = description;
}

function readSlug(body: Body): string {
  const slug = requiredText(body, "slug");
  if (slug.length > LONGEST_NAME || !SLUG.test(slug)) throw unprocessable("slug", `must be 1 to ${LONGEST_NAME} of a-z 0-9 : . _ -`);
  return slug;
}

function readName(body: Body): string {
  const name = requiredText(body, "name");
  if (name.length > LONGEST_NAME) throw unprocessable("name", `must be at most ${LONGEST_NAME} characters`);
  return name;
}

function readDescription(body: Body): string | null | undefined {
  return optionalText(body, "description", LONGEST_DESCRIPTION);
}
