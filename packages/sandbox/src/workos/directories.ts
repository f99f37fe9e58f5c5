import type { Hono } from "hono";
import { notFound } from "./errors.ts";
import { paginate, readPageQuery } from "./pages.ts";
import { type Directory, type DirectoryGroup, type DirectoryUser, type Environment, stamp, touch } from "./state.ts";

type Wire = Record<string, unknown>;
/** What an identity provider says of a person. */
export type DirectoryProfile = Pick<DirectoryUser, "email" | "first_name" | "last_name" | "state" | "custom_attributes">;

/** `/directories`, `/directory_users` and `/directory_groups`: reading, and deleting a directory. What fills them is the admin's. */
export function addDirectoryRoutes(app: Hono, environment: Environment): void {
  app.get("/directories", (c) => {
    const query = readPageQuery((name) => c.req.query(name));
    const { organization_id: organizationId, search } = c.req.query();
    const directories = environment.directories
      .all()
      .filter(
        (one) =>
          (organizationId === undefined || one.organization_id === organizationId) &&
          (search === undefined || one.name.toLowerCase().includes(search.toLowerCase())),
      );
    return c.json(paginate(directories, query, (one) => directoryWire(environment, one)));
  });

  app.get("/directories/:id", (c) => c.json(directoryWire(environment, findDirectory(environment, c.req.param("id")))));

  app.delete("/directories/:id", (c) => {
    const directory = environment.directories.get(c.req.param("id"));
    // The description names no 404 here, as with organizations.
    if (directory) removeDirectory(environment, directory);
    return c.body(null, 200);
  });

  app.get("/directory_users", (c) => {
    const query = readPageQuery((name) => c.req.query(name));
    const { directory, group } = c.req.query();
    const members = group === undefined ? undefined : findGroup(environment, group).user_ids;
    const users = environment.directoryUsers
      .all()
      .filter((one) => (directory === undefined || one.directory_id === directory) && (members === undefined || members.has(one.id)));
    return c.json(paginate(users, query, userWithGroups));
  });

  app.get("/directory_users/:id", (c) => c.json(userWithGroups(findDirectoryUser(environment, c.req.param("id")))));

  app.get("/directory_groups", (c) => {
    const query = readPageQuery((name) => c.req.query(name));
    const { directory, user } = c.req.query();
    const groups = environment.directoryGroups
      .all()
      .filter((one) => (directory === undefined || one.directory_id === directory) && (user === undefined || one.user_ids.has(user)));
    return c.json(paginate(groups, query, groupWire));
  });

  app.get("/directory_groups/:id", (c) => c.json(groupWire(findGroup(environment, c.req.param("id")))));
}

export function findDirectory(environment: Environment, id: string): Directory {
  const directory = environment.directories.get(id);
  if (!directory) throw notFound("Directory", id);
  return directory;
}

export function findDirectoryUser(environment: Environment, id: string): DirectoryUser {
  const user = environment.directoryUsers.get(id);
  if (!user) throw notFound("Directory User", id);
  return user;
}

export function findGroup(environment: Environment, id: string): DirectoryGroup {
  const group = environment.directoryGroups.get(id);
  if (!group) throw notFound("Directory Group", id);
  return group;
}

export function addDirectory(environment: Environment, organizationId: string, name: string, type: string): Directory {
  const directory = stamp("directory");
  const added = environment.directories.add({
    ...directory,
    organization_id: organizationId,
    name,
    type,
    external_key: directory.id.slice(-16),
  });
  environment.events.append("dsync.activated", { ...directoryEvent(added), external_key: added.external_key, domains: [] }, organizationId);
  return added;
}

/** Announced by a sole `dsync.deleted`; its users and groups are gone without events of their own (docs directory-sync/understanding-events). */
export function removeDirectory(environment: Environment, directory: Directory): void {
  for (const user of environment.directoryUsers.all()) {
    if (user.directory_id === directory.id) environment.directoryUsers.delete(user.id);
  }
  for (const group of environment.directoryGroups.all()) {
    if (group.directory_id === directory.id) environment.directoryGroups.delete(group.id);
  }
  environment.directories.delete(directory.id);
  environment.events.append("dsync.deleted", directoryEvent(directory), directory.organization_id);
}

export function addDirectoryUser(environment: Environment, directory: Directory, profile: DirectoryProfile): DirectoryUser {
  const user = environment.directoryUsers.add({
    ...stamp("directory_user"),
    directory_id: directory.id,
    organization_id: directory.organization_id,
    idp_id: crypto.randomUUID(),
    ...profile,
  });
  environment.events.append("dsync.user.created", directoryUserWire(user), user.organization_id);
  return user;
}

/** The event names what changed and what it was before. */
export function changeDirectoryUser(environment: Environment, user: DirectoryUser, changes: Partial<DirectoryProfile>): void {
  const before: Wire = {};
  for (const [name, value] of Object.entries(changes)) {
    const held = user[name as keyof DirectoryProfile];
    if (JSON.stringify(held) !== JSON.stringify(value)) before[name] = held;
  }
  if (Object.keys(before).length === 0) return;
  Object.assign(user, changes);
  touch(user);
  environment.events.append("dsync.user.updated", { ...directoryUserWire(user), previous_attributes: before }, user.organization_id);
}

export function removeDirectoryUser(environment: Environment, user: DirectoryUser): void {
  for (const group of environment.directoryGroups.all()) {
    if (group.user_ids.has(user.id)) setGroupMember(environment, group, user, false);
  }
  environment.directoryUsers.delete(user.id);
  environment.events.append("dsync.user.deleted", directoryUserWire(user), user.organization_id);
}

export function addGroup(environment: Environment, directory: Directory, name: string): DirectoryGroup {
  const group = environment.directoryGroups.add({
    ...stamp("directory_group"),
    directory_id: directory.id,
    organization_id: directory.organization_id,
    idp_id: crypto.randomUUID(),
    name,
    user_ids: new Set<string>(),
  });
  environment.events.append("dsync.group.created", groupWire(group), group.organization_id);
  return group;
}

export function removeGroup(environment: Environment, group: DirectoryGroup): void {
  environment.directoryGroups.delete(group.id);
  environment.events.append("dsync.group.deleted", groupWire(group), group.organization_id);
}

export function setGroupMember(environment: Environment, group: DirectoryGroup, user: DirectoryUser, member: boolean): void {
  if (group.user_ids.has(user.id) === member) return;
  if (member) group.user_ids.add(user.id);
  else group.user_ids.delete(user.id);
  const data = { directory_id: group.directory_id, user: directoryUserWire(user), group: groupWire(group) };
  environment.events.append(member ? "dsync.group.user_added" : "dsync.group.user_removed", data, group.organization_id);
}

export function directoryWire(environment: Environment, directory: Directory): Wire {
  const users = environment.directoryUsers.all().filter((one) => one.directory_id === directory.id);
  const active = users.filter((one) => one.state === "active").length;
  const groups = environment.directoryGroups.all().filter((one) => one.directory_id === directory.id).length;
  return {
    ...directoryEvent(directory),
    external_key: directory.external_key,
    state: "linked",
    metadata: { users: { active, inactive: users.length - active }, groups },
  };
}

function directoryEvent(directory: Directory): Wire {
  return {
    object: "directory",
    id: directory.id,
    organization_id: directory.organization_id,
    type: directory.type,
    state: "active",
    name: directory.name,
    created_at: directory.created_at,
    updated_at: directory.updated_at,
  };
}

export function directoryUserWire(user: DirectoryUser): Wire {
  return {
    object: "directory_user",
    id: user.id,
    directory_id: user.directory_id,
    organization_id: user.organization_id,
    idp_id: user.idp_id,
    email: user.email,
    first_name: user.first_name,
    last_name: user.last_name,
    state: user.state,
    raw_attributes: {},
    custom_attributes: user.custom_attributes,
    role: { slug: "member" },
    created_at: user.created_at,
    updated_at: user.updated_at,
  };
}

/** `groups` is empty, as it is for teams made since May 2026. */
function userWithGroups(user: DirectoryUser): Wire {
  return { ...directoryUserWire(user), groups: [] };
}

export function groupWire(group: DirectoryGroup): Wire {
  return {
    object: "directory_group",
    id: group.id,
    idp_id: group.idp_id,
    directory_id: group.directory_id,
    organization_id: group.organization_id,
    name: group.name,
    created_at: group.created_at,
    updated_at: group.updated_at,
  };
}
