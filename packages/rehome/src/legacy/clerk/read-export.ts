import { pipeline } from "node:stream";
import { CsvError, type CsvErrorCode, parse } from "csv-parse";
import { MoveError } from "../../errors.ts";
import { Secret } from "../../secret.ts";
import { BadUtf8, readUtf8Lines } from "./utf8-lines.ts";

/** One user of Clerk's Dashboard export. Empty cells are null; addresses and numbers are as written. */
export interface ExportedUser {
  id: string;
  firstName: string | null;
  lastName: string | null;
  username: string | null;
  primaryAddress: string | null;
  primaryPhone: string | null;
  verifiedAddresses: string[];
  unverifiedAddresses: string[];
  verifiedPhones: string[];
  unverifiedPhones: string[];
  /** Base32. */
  totp: Secret | null;
  digest: Secret | null;
  hasher: string | null;
}

/** Columns of the export (`samples/clerk.csv` of Clerk's migration tool). All must be there, in any order; more may be there. */
const COLUMNS = [
  "id",
  "first_name",
  "last_name",
  "username",
  "primary_email_address",
  "primary_phone_number",
  "verified_email_addresses",
  "unverified_email_addresses",
  "verified_phone_numbers",
  "unverified_phone_numbers",
  "totp_secret",
  "password_digest",
  "password_hasher",
] as const;

/** `password_hasher` values that Clerk documents. Another one in a last line without line break is a word cut in two. */
const HASHERS = new Set(
  (
    "argon2 argon2i argon2id awscognito bcrypt bcrypt_peppered bcrypt_sha256_django hmac_sha256_utf16_b64 ldap_ssha md5 md5_phpass md5_salted pbkdf2_sha1 " +
    "pbkdf2_sha256 pbkdf2_sha256_django pbkdf2_sha512 pbkdf2_sha512_hex phpass scrypt_firebase scrypt_werkzeug sha256 sha256_salted sha512_symfony"
  ).split(" "),
);

const MOST_RECORD_BYTES = 1_000_000;
const FRESH = "Export the users again in the Clerk Dashboard (Configure → Settings → User exports) and name the new file.";

/**
 * Reads Clerk's Dashboard export: CSV in UTF-8, addresses within a cell separated by `|` or `,`.
 *
 * Strict: it is read whole or not at all. Digests and TOTP secrets are in memory only, as `Secret`.
 *
 * @throws MoveError EXPORT_INVALID naming file, line and remedy, never a value
 */
export async function readClerkExport(path: string): Promise<ExportedUser[]> {
  const users: ExportedUser[] = [];
  const lineById = new Map<string, number>();
  const seen = { endsWithNewline: true };
  let last: { user: ExportedUser; line: number } | undefined;
  try {
    const parser = parse({
      bom: true,
      columns: (header) => checkHeader(path, header),
      info: true,
      max_record_size: MOST_RECORD_BYTES,
      skip_empty_lines: true,
    });
    pipeline(readUtf8Lines(path, seen), parser, () => {}); // an error on the way ends the loop below
    for await (const { record, info } of parser as AsyncIterable<{
      record: Record<string, string>;
      info: { lines: number };
    }>) {
      const line = info.lines;
      const user = toUser(path, line, record);
      const earlier = lineById.get(user.id);
      if (earlier !== undefined) throw invalid(path, line, `it has the id of line ${earlier} again`, FRESH);
      lineById.set(user.id, line);
      users.push(user);
      last = { user, line };
    }
  } catch (error) {
    throw asMoveError(path, seen.endsWithNewline, error);
  }
  if (users.length === 0) throw invalid(path, 1, "there is no user in it", FRESH);
  if (last && !seen.endsWithNewline && last.user.hasher !== null && !HASHERS.has(last.user.hasher)) throw truncated(path, last.line);
  return users;
}

/**
 * Reads several exports; a later one overrides an earlier one, user by user.
 *
 * @throws MoveError as `readClerkExport`
 */
export async function readClerkExports(paths: readonly string[]): Promise<ExportedUser[]> {
  const byId = new Map<string, ExportedUser>();
  for (const path of paths) for (const user of await readClerkExport(path)) byId.set(user.id, user);
  return [...byId.values()];
}

function checkHeader(path: string, header: readonly string[]): string[] {
  const names = header.map((name) => name.trim());
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    throw invalid(
      path,
      1,
      `${missing.length} of the export's ${COLUMNS.length} columns are missing: ${missing.join(", ")}`,
      `Is it the Dashboard's CSV, and not encrypted? ${FRESH}`,
    );
  }
  const twice = COLUMNS.filter((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (twice.length > 0) throw invalid(path, 1, `a column is there twice: ${twice.join(", ")}`, FRESH);
  return names;
}

function toUser(path: string, line: number, record: Record<string, string>): ExportedUser {
  const text = (column: (typeof COLUMNS)[number]) => record[column] || null;
  const list = (column: (typeof COLUMNS)[number]) =>
    (record[column] ?? "")
      .split(/[|,]/)
      .map((one) => one.trim())
      .filter((one) => one !== "");
  const secret = (column: (typeof COLUMNS)[number]) => (record[column] ? new Secret(record[column]) : null);
  const id = text("id");
  if (id === null) throw invalid(path, line, "it has no id", FRESH);
  const [digest, hasher] = [secret("password_digest"), text("password_hasher")];
  if ((digest === null) !== (hasher === null)) {
    throw invalid(path, line, digest ? "it has a password digest without its hasher" : "it has a password hasher without a digest", FRESH);
  }
  return {
    id,
    firstName: text("first_name"),
    lastName: text("last_name"),
    username: text("username"),
    primaryAddress: text("primary_email_address"),
    primaryPhone: text("primary_phone_number"),
    verifiedAddresses: list("verified_email_addresses"),
    unverifiedAddresses: list("unverified_email_addresses"),
    verifiedPhones: list("verified_phone_numbers"),
    unverifiedPhones: list("unverified_phone_numbers"),
    totp: secret("totp_secret"),
    digest,
    hasher,
  };
}

/** The parser's own error holds the record, so it is never passed on as a cause. */
function asMoveError(path: string, endsWithNewline: boolean, error: unknown): MoveError {
  if (error instanceof MoveError) return error;
  if (error instanceof BadUtf8)
    return invalid(path, error.line, "it is not UTF-8", `Export it again, or convert the file: iconv -t UTF-8. ${FRESH}`);
  if (error instanceof CsvError) {
    const line = typeof error["lines"] === "number" ? error["lines"] : 1;
    if (error.code === "CSV_RECORD_INCONSISTENT_COLUMNS" && !endsWithNewline) return truncated(path, line);
    return invalid(path, line, PROBLEMS[error.code] ?? "it is not CSV", FRESH);
  }
  const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
  const remedy =
    code === "ENOENT"
      ? "Correct the path under legacy.clerk.exports in rehome.config.ts."
      : "Make the file readable for this user, then run the command again.";
  return new MoveError("EXPORT_INVALID", `The Clerk export ${path} cannot be read (${code}).`, { next: remedy });
}

const PROBLEMS: Partial<Record<CsvErrorCode, string>> = {
  CSV_RECORD_INCONSISTENT_COLUMNS: "it has another number of fields than the header",
  CSV_QUOTE_NOT_CLOSED: "a quote that opens before it is never closed: the file was cut off or edited",
  CSV_INVALID_CLOSING_QUOTE: "something follows a closing quote",
  INVALID_OPENING_QUOTE: "a quote stands in the middle of a field",
  CSV_MAX_RECORD_SIZE: "a record is longer than a megabyte: a quote before it was probably never closed",
};

function truncated(path: string, line: number): MoveError {
  return invalid(path, line, "the file ends in the middle of a user: it was cut off", FRESH);
}

function invalid(path: string, line: number, what: string, next: string): MoveError {
  return new MoveError("EXPORT_INVALID", `The Clerk export ${path} cannot be used, line ${line}: ${what}.`, { next });
}
