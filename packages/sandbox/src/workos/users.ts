import type { Hono } from "hono";
import { type Body, externalId, mergeMetadata, optionalFlag, optionalText, readBody, requiredText } from "./body.ts";
import { badRequest, type InnerError, notFound, unprocessable } from "./errors.ts";
import { userEvent } from "./event-wire.ts";
import { paginate, readPageQuery } from "./pages.ts";
import { keepPassword, readPasswordHash, type StoredPassword } from "./passwords.ts";
import { type Environment, emailKey, stamp, touch, type User } from "./state.ts";
import { userWire } from "./wire.ts";

export const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const LOCALE = /^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*$/;
const SHORTEST_PASSWORD = 10;

const EMAIL_TAKEN: InnerError = { code: "email_not_available", message: "This email is not available." };
const EXTERNAL_ID_TAKEN: InnerError = { code: "external_id_already_used", message: "The external_id has already been assigned to a user." };

export function addUserRoutes(app: Hono, environment: Environment): void {
  app.post("/user_management/users", async (c) => {
    const body = await readBody(c);
    const email = requiredText(body, "email");
    const external = externalId(body) ?? null;
    const metadata = mergeMetadata({}, body);
    const names = readNames(body);
    const verified = optionalFlag(body, "email_verified") ?? false;
    const password = await readPassword(body);

    // From here to the insert nothing waits, so two requests cannot both find the address free.
    const errors: InnerError[] = [];
    if (!EMAIL.test(email)) errors.push({ code: "invalid_email", message: "This email is not valid." });
    if (environment.userByEmail.has(emailKey(email))) errors.push(EMAIL_TAKEN);
    if (external !== null && environment.userByExternalId.has(external)) errors.push(EXTERNAL_ID_TAKEN);
    if (errors.length > 0) throw badRequest("user_creation_error", "Could not create user.", errors);
    const user: User = {
      ...stamp("user"),
      email: email.trim(),
      email_verified: verified,
      name: names.name ?? null,
      first_name: names.first_name ?? null,
      last_name: names.last_name ?? null,
      external_id: external,
      metadata,
      locale: null,
      last_sign_in_at: null,
      password,
    };
    addUser(environment, user);
    return c.json(userWire(user), 201);
  });

  app.get("/user_management/users", (c) => {
    const query = readPageQuery((name) => c.req.query(name));
    const email = c.req.query("email");
    const organization = c.req.query("organization_id") ?? c.req.query("organization");
    let users = email === undefined ? undefined : [environment.userByEmail.get(emailKey(email))].filter((user) => user !== undefined);
    if (organization !== undefined) {
      const members = new Set(environment.membershipsByOrganization.of(organization).map((membership) => membership.user_id));
      users = (users ?? environment.users.all()).filter((user) => members.has(user.id));
    }
    return c.json(paginate(users ?? environment.users.all(), query, userWire));
  });

  app.get("/user_management/users/external_id/:external_id", (c) => {
    const user = environment.userByExternalId.get(c.req.param("external_id"));
    if (!user) throw notFound("User", c.req.param("external_id"));
    return c.json(userWire(user));
  });

  app.get("/user_management/users/:id", (c) => c.json(userWire(findUser(environment, c.req.param("id")))));

  app.put("/user_management/users/:id", async (c) => {
    const body = await readBody(c);
    findUser(environment, c.req.param("id"));
    const password = await readPassword(body);
    // The lookup is repeated: the user may have gone while the password was hashed.
    const user = findUser(environment, c.req.param("id"));
    updateUser(environment, user, body);
    if (password) user.password = password;
    return c.json(userWire(user));
  });

  app.delete("/user_management/users/:id", (c) => {
    removeUser(environment, findUser(environment, c.req.param("id")));
    return c.body(null, 200);
  });

  app.get("/user_management/users/:id/identities", (c) => {
    findUser(environment, c.req.param("id"));
    return c.json([]);
  });
}

/** @throws ApiError 404 */
export function findUser(environment: Environment, id: string): User {
  const user = environment.users.get(id);
  if (!user) throw notFound("User", id);
  return user;
}

export function addUser(environment: Environment, user: User): void {
  environment.users.add(user);
  environment.userByEmail.set(emailKey(user.email), user);
  if (user.external_id !== null) environment.userByExternalId.set(user.external_id, user);
  environment.events.append("user.created", userEvent(user));
}

/** Makes a user of whom no more than this is known. */
export function addBareUser(environment: Environment, email: string, known: Partial<User> = {}): User {
  const nothing = { name: null, first_name: null, last_name: null, external_id: null, locale: null, last_sign_in_at: null };
  const user: User = { ...stamp("user"), ...nothing, email, email_verified: false, metadata: {}, password: undefined, ...known };
  addUser(environment, user);
  return user;
}

/** To be called after every change of a user: dates and announces it. */
export function userChanged(environment: Environment, user: User): void {
  touch(user);
  environment.events.append("user.updated", userEvent(user));
}

function updateUser(environment: Environment, user: User, body: Body): void {
  const email = body["email"] === undefined ? undefined : requiredText(body, "email").trim();
  const external = externalId(body);
  const metadata = mergeMetadata(user.metadata, body);
  const names = readNames(body);
  const verified = optionalFlag(body, "email_verified");
  const locale = optionalText(body, "locale");
  if (locale && !LOCALE.test(locale)) throw badRequest("invalid_locale", "The locale is not valid.");
  if (email !== undefined) {
    if (!EMAIL.test(email)) throw badRequest("invalid_email", "This email is not valid.");
    const holder = environment.userByEmail.get(emailKey(email));
    if (holder && holder !== user) throw badRequest(EMAIL_TAKEN.code, EMAIL_TAKEN.message);
  }
  if (external) {
    const holder = environment.userByExternalId.get(external);
    if (holder && holder !== user) throw badRequest(EXTERNAL_ID_TAKEN.code, EXTERNAL_ID_TAKEN.message);
  }

  if (email !== undefined) {
    // Nothing proves the new address: unless the caller says otherwise it is not verified.
    if (emailKey(email) !== emailKey(user.email)) user.email_verified = false;
    environment.userByEmail.delete(emailKey(user.email));
    user.email = email;
    environment.userByEmail.set(emailKey(email), user);
  }
  if (external !== undefined) {
    if (user.external_id !== null) environment.userByExternalId.delete(user.external_id);
    user.external_id = external;
    if (external !== null) environment.userByExternalId.set(external, user);
  }
  if (verified !== undefined) user.email_verified = verified;
  if (locale !== undefined) user.locale = locale;
  user.metadata = metadata;
  Object.assign(user, names);
  userChanged(environment, user);
}

function removeUser(environment: Environment, user: User): void {
  for (const membership of environment.membershipsByUser.of(user.id)) environment.removeMembership(membership, true);
  for (const factor of environment.factorsByUser.of(user.id)) {
    environment.factors.delete(factor.id);
    environment.factorsByUser.delete(user.id, factor.id);
  }
  environment.endSessions(user.id, undefined, true);
  environment.users.delete(user.id);
  environment.userByEmail.delete(emailKey(user.email));
  if (user.external_id !== null) environment.userByExternalId.delete(user.external_id);
  environment.events.append("user.deleted", userEvent(user));
}

function readNames(body: Body): Partial<Pick<User, "name" | "first_name" | "last_name">> {
  const names: Partial<Pick<User, "name" | "first_name" | "last_name">> = {};
  for (const field of ["name", "first_name", "last_name"] as const) {
    const value = optionalText(body, field);
    if (value !== undefined) names[field] = value;
  }
  return names;
}

/** What is wrong with a new password; undefined when nothing is. */
export function passwordWeakness(password: string): InnerError | undefined {
  if (password.length >= SHORTEST_PASSWORD) return undefined;
  return { code: "password_too_short", message: `Password must be at least ${SHORTEST_PASSWORD} characters long.` };
}

/** A password in plain text, an imported hash, or neither; null counts as not sent. */
async function readPassword(body: Body): Promise<StoredPassword | undefined> {
  const password = optionalText(body, "password");
  const hash = optionalText(body, "password_hash");
  const type = optionalText(body, "password_hash_type");
  if (typeof password === "string") {
    if (typeof hash === "string")
      throw badRequest("password_and_password_hash_provided", "Provide a password or a password hash, not both.");
    if (typeof type === "string") {
      throw badRequest("password_and_password_hash_type_provided", "A password hash type belongs to a password hash, not to a password.");
    }
    const weakness = passwordWeakness(password);
    if (weakness) throw badRequest("password_strength_error", "Password does not meet strength requirements.", [weakness]);
    return keepPassword(password);
  }
  if (typeof hash !== "string") {
    if (typeof type === "string") throw unprocessable("password_hash", "is required with password_hash_type");
    if (body["password_salt_position"] !== undefined) {
      throw badRequest("password_salt_position_requires_password_hash", "A salt position belongs to a password hash.");
    }
    return undefined;
  }
  if (typeof type !== "string") throw unprocessable("password_hash_type", "is required with password_hash");
  const stored = readPasswordHash(type, hash);
  if (!stored) throw badRequest("invalid_password_hash", "The password hash is not valid for its type.");
  return stored;
}
