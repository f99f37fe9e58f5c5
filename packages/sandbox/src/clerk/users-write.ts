import { hashSync } from "bcryptjs";
import { ClerkRefusal, invalid, taken } from "./errors.ts";
import type { ClerkState } from "./state.ts";
import { type Metadata, newId, type UserRecord } from "./user.ts";

type Body = Record<string, unknown>;

/** `password_hasher` values that @clerk/backend 3.25.0 documents. */
const HASHERS = new Set(
  (
    "argon2i argon2id awscognito bcrypt bcrypt_sha256_django bcrypt_peppered md5 md5_salted md5_phpass pbkdf2_sha1 pbkdf2_sha256 pbkdf2_sha256_django " +
    "pbkdf2_sha512 pbkdf2_sha512_hex phpass scrypt_firebase scrypt_werkzeug sha256 sha256_salted sha512_symfony ldap_ssha hmac_sha256_utf16_b64"
  ).split(" "),
);

/**
 * Creates a user as `POST /v1/users` does: Clerk chooses the id, addresses are verified unless `email_address_identification_status` says `reserved`.
 *
 * @throws ClerkRefusal 422 for a taken identifier, an unknown hasher, a digest without hasher, or no identifier at all
 */
export function createUser(state: ClerkState, body: Body): UserRecord {
  const now = Date.now();
  const user: UserRecord = {
    id: newId("user"),
    externalId: null,
    username: null,
    firstName: null,
    lastName: null,
    imageUrl: "",
    locale: null,
    emails: [],
    phones: [],
    externalAccounts: [],
    passwordDigest: null,
    passwordHasher: null,
    passwordChangedAt: null,
    totpSecret: null,
    totpChangedAt: null,
    backupCodeEnabled: false,
    passkeys: 0,
    banned: body["banned"] === true,
    locked: body["locked"] === true,
    createdAt: now,
    updatedAt: now,
    lastSignInAt: null,
    lastActiveAt: null,
    publicMetadata: metadataOf(body["public_metadata"]),
    privateMetadata: metadataOf(body["private_metadata"]),
    unsafeMetadata: metadataOf(body["unsafe_metadata"]),
    inApi: true,
    inExport: true,
  };
  const statuses = stringsOf(body, "email_address_identification_status");
  user.emails = stringsOf(body, "email_address").map((address, index) => {
    if (!/^[^\s@]+@[^\s@]+$/.test(address)) throw invalid("email_address", "email_address must be a valid email address.");
    if (holdsEmail(state, address)) throw taken("email_address");
    const reserved = statuses[index] === "reserved";
    return {
      id: newId("idn"),
      address,
      verified: !reserved,
      primary: index === 0,
      reserved,
    };
  });
  user.phones = stringsOf(body, "phone_number").map((number, index) => {
    if (state.apiUsers().some((other) => other.phones.some((phone) => phone.number === number))) throw taken("phone_number");
    return { id: newId("idn"), number, verified: true, primary: index === 0 };
  });
  const hasIdentifier = user.emails.length > 0 || user.phones.length > 0 || typeof body["username"] === "string";
  if (!hasIdentifier)
    throw new ClerkRefusal(422, "form_data_missing", "An email address, a phone number or a username is required.", {
      parameter: "email_address",
    });
  const hasPassword = typeof body["password"] === "string" || typeof body["password_digest"] === "string";
  if (!hasPassword && body["skip_password_requirement"] !== true) {
    throw new ClerkRefusal(422, "form_data_missing", "password must be included.", { parameter: "password" });
  }
  applyUpdate(state, user, body);
  user.updatedAt = now;
  state.users.set(user.id, user);
  return user;
}

/** Changes the fields that `PATCH /v1/users/{id}` takes; what is absent stays. @throws ClerkRefusal 422 */
export function applyUpdate(state: ClerkState, user: UserRecord, body: Body): UserRecord {
  const others = state.apiUsers().filter((other) => other.id !== user.id);
  const text = (name: string) => (typeof body[name] === "string" ? body[name] : undefined);
  const username = text("username");
  if (username !== undefined && others.some((other) => other.username?.toLowerCase() === username.toLowerCase())) throw taken("username");
  const externalId = text("external_id");
  if (externalId !== undefined && others.some((other) => other.externalId === externalId)) throw taken("external_id");
  const secret = passwordOf(body);
  const createdAt = timeOf(text("created_at"));
  const primaryId = text("primary_email_address_id");
  if (primaryId !== undefined && !user.emails.some((email) => email.id === primaryId && email.verified)) {
    throw invalid("primary_email_address_id", "The email address must be verified and belong to the user.");
  }
  if (primaryId !== undefined)
    user.emails = user.emails.map((email) => ({
      ...email,
      primary: email.id === primaryId,
    }));
  user.username = username ?? user.username;
  user.externalId = externalId ?? user.externalId;
  user.firstName = text("first_name") ?? user.firstName;
  user.lastName = text("last_name") ?? user.lastName;
  user.locale = text("locale") ?? user.locale;
  if (text("totp_secret") !== undefined) Object.assign(user, { totpSecret: text("totp_secret"), totpChangedAt: Date.now() });
  if (Array.isArray(body["backup_codes"])) user.backupCodeEnabled = body["backup_codes"].length > 0;
  if (createdAt !== undefined) user.createdAt = createdAt;
  if (secret) Object.assign(user, secret, { passwordChangedAt: Date.now() });
  user.updatedAt = Date.now();
  if (body["sign_out_of_other_sessions"] === true) state.revokeSessionsOf(user.id);
  return user;
}

function passwordOf(body: Body): Pick<UserRecord, "passwordDigest" | "passwordHasher"> | undefined {
  const { password, password_digest: digest, password_hasher: hasher } = body;
  if (typeof password === "string") {
    if (password.length < 8 && body["skip_password_checks"] !== true) {
      throw new ClerkRefusal(422, "form_password_length_too_short", "Passwords must be 8 characters or more.", { parameter: "password" });
    }
    return { passwordDigest: hashSync(password, 6), passwordHasher: "bcrypt" };
  }
  if (typeof digest !== "string") return undefined;
  if (typeof hasher !== "string" || !HASHERS.has(hasher))
    throw invalid("password_hasher", "password_hasher must be one of the supported algorithms.");
  return { passwordDigest: digest, passwordHasher: hasher };
}

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw invalid("created_at", "created_at must be an RFC 3339 timestamp.");
  return time;
}

function holdsEmail(state: ClerkState, address: string): boolean {
  const key = address.toLowerCase();
  return state
    .apiUsers()
    .some((other) => other.emails.some((email) => email.address.toLowerCase() === key && (email.verified || email.reserved)));
}

function stringsOf(body: Body, name: string): string[] {
  const value = body[name];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}

function metadataOf(value: unknown): Metadata {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Metadata) : {};
}
