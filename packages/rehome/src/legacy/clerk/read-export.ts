import { pipeline } from "node:stream";
import { CsvError, type CsvErrorCode, parse } from "csv-parse";
import { MoveError } from "../../errors.ts";
import { Secret } from "../../secret.ts";
import { readHead } from "./export-format.ts";
import { BadUtf8, readUtf8Lines } from "./utf8-lines.ts";

/** One user of Clerk's Dashboard export. Empty cells are null; addresses and numbers are as written. */
export interface ExportedUser {
  id: string;
  /** Where it stands: the line of the file on which its record ends, counted from 1. */
  line: number;
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

/** Hashers that a longer one begins with, and that read its digest as their own: cut off, the word would pass. */
const CUT_SILENTLY = new Set(["pbkdf2_sha256", "pbkdf2_sha512"]);

/**
 * Reads Clerk's Dashboard export: CSV in UTF-8, addresses within a cell separated by `|` or `,`.
 *
 * Strict: it is read whole or not at all. Digests and TOTP secrets are in memory only, as `Secret`.
 *
 * @throws MoveError EXPORT_INVALID naming file, line, column and remedy, never a value
 */
export async function readClerkExport(path: string): Promise<ExportedUser[]> {
  const users: ExportedUser[] = [];
  for await (const user of streamClerkExport(path)) users.push(user);
  return users;
}

/**
 * The same, one user at a time: what was yielded counts only when the end is reached.
 *
 * @throws MoveError as `readClerkExport`
 */
export async function* streamClerkExport(path: string): AsyncGenerator<ExportedUser> {
  const lineById = new Map<string, number>();
  const hashers = new Set<string>();
  const seen = { endsWithNewline: true };
  let header: string[] | undefined;
  let last: ExportedUser | undefined;
  let odd: number | undefined;
  let isShort = false;
  try {
    const { commentLines, refusal } = await readHead(path);
    if (refusal) throw invalid(path, refusal.line, refusal.what, refusal.next);
    const parser = parse({
      bom: true,
      from_line: commentLines + 1,
      info: true,
      max_record_size: MOST_RECORD_BYTES,
      // A header of one kind and rows of the other happen when files are put together.
      record_delimiter: ["\r\n", "\n"],
      relax_column_count: true,
      skip_empty_lines: true,
    });
    pipeline(readUtf8Lines(path, seen), parser, () => {}); // an error on the way ends the loop below
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (!header) {
        header = checkHeader(path, info.lines, record);
        continue;
      }
      // Only the end of the file tells whether a record is cut off or has other fields, so each waits for the next one.
      if (odd !== undefined) throw invalid(path, odd, "it has another number of fields than the header", FRESH);
      const line = info.lines;
      const cells = cellsOf(header, record);
      isShort = record.length < header.length;
      if (!cells) {
        odd = line;
        continue;
      }
      const user = toUser(path, line, cells);
      const earlier = lineById.get(user.id);
      if (earlier !== undefined) throw invalid(path, line, `it has the id of line ${earlier} again`, FRESH, "id");
      lineById.set(user.id, line);
      if (user.hasher !== null) hashers.add(user.hasher);
      if (last) yield last;
      last = user;
    }
  } catch (error) {
    throw asMoveError(path, error);
  }
  if (isShort && !seen.endsWithNewline) throw truncated(path, odd ?? last?.line ?? 1);
  if (odd !== undefined) throw invalid(path, odd, "it has another number of fields than the header", FRESH);
  if (!last) throw invalid(path, 1, "there is no user in it", FRESH);
  if (!seen.endsWithNewline) checkLastWord(path, last, hashers);
  yield last;
}

/**
 * The hasher is the last word of the file: cut off, it is another word, or the name of another hasher.
 *
 * @param hashers of all users of the file
 */
function checkLastWord(path: string, { hasher, line }: ExportedUser, hashers: ReadonlySet<string>): void {
  if (hasher === null) return;
  if (!HASHERS.has(hasher)) throw truncated(path, line);
  const longer = [...HASHERS].filter((other) => other !== hasher && other.startsWith(hasher));
  if (CUT_SILENTLY.has(hasher) || longer.some((other) => hashers.has(other))) {
    throw invalid(
      path,
      line,
      "no line break follows its last word, so nobody can tell whether that is the whole name of the hasher",
      `If the file is whole, add a line break at its end. Else: ${FRESH}`,
      "password_hasher",
    );
  }
}

function checkHeader(path: string, line: number, header: readonly string[]): string[] {
  const names = header.map((name) => name.trim().toLowerCase());
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    throw invalid(
      path,
      line,
      `${missing.length} of the export's ${COLUMNS.length} columns are missing: ${missing.join(", ")}`,
      `Is it the Dashboard's CSV, and not encrypted? ${FRESH}`,
    );
  }
  const twice = COLUMNS.filter((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (twice.length > 0) throw invalid(path, line, `a column is there twice: ${twice.join(", ")}`, FRESH);
  return names;
}

type Cells = Record<(typeof COLUMNS)[number], string>;

/**
 * Clerk's own sample leaves out the last, empty cell of somebody without a password. One cell fewer anywhere else would shift the others.
 *
 * @returns undefined for another number of fields than the header's
 */
function cellsOf(header: readonly string[], record: readonly string[]): Cells | undefined {
  const cells = Object.fromEntries(header.map((name, at) => [name, record[at] ?? ""])) as Cells;
  if (record.length === header.length) return cells;
  return record.length === header.length - 1 && !isShifted(cells) ? cells : undefined;
}

function isShifted(cells: Cells): boolean {
  const isAddresses = (text: string) => text.split(/[|,]/).every((one) => one.trim() === "" || one.includes("@"));
  const isNumbers = (text: string) => /^[+\d\s|,()-]*$/.test(text);
  return (
    cells.password_digest !== "" ||
    cells.username.includes("@") ||
    !isAddresses(cells.primary_email_address) ||
    !isAddresses(cells.verified_email_addresses) ||
    !isAddresses(cells.unverified_email_addresses) ||
    !isNumbers(cells.primary_phone_number) ||
    !isNumbers(cells.verified_phone_numbers) ||
    !isNumbers(cells.unverified_phone_numbers)
  );
}

function toUser(path: string, line: number, cells: Cells): ExportedUser {
  const text = (column: (typeof COLUMNS)[number]) => cells[column] || null;
  const list = (column: (typeof COLUMNS)[number]) =>
    cells[column]
      .split(/[|,]/)
      .map((one) => one.trim())
      .filter((one) => one !== "");
  const secret = (column: (typeof COLUMNS)[number]) => (cells[column] ? new Secret(cells[column]) : null);
  const id = text("id");
  if (id === null) throw invalid(path, line, "it has no id", FRESH, "id");
  // An id with a space more is another id: somebody would be taken for deleted, and the real one for not exported.
  if (!/^[\x21-\x7e]+$/.test(id))
    throw invalid(path, line, "white space or a character that ids do not have stands in its id", FRESH, "id");
  const [digest, hasher] = [secret("password_digest"), text("password_hasher")];
  if ((digest === null) !== (hasher === null)) {
    throw digest
      ? invalid(path, line, "it has a password digest without its hasher", FRESH, "password_hasher")
      : invalid(path, line, "it has a password hasher without a digest", FRESH, "password_digest");
  }
  return {
    id,
    line,
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
function asMoveError(path: string, error: unknown): MoveError {
  if (error instanceof MoveError) return error;
  if (error instanceof BadUtf8)
    return invalid(path, error.line, "it is not UTF-8", `Export it again, or convert the file: iconv -t UTF-8. ${FRESH}`);
  if (error instanceof CsvError) {
    const line = typeof error["lines"] === "number" ? error["lines"] : 1;
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
  CSV_QUOTE_NOT_CLOSED: "a quote that opens before it is never closed: the file was cut off or edited",
  CSV_INVALID_CLOSING_QUOTE: "something follows a closing quote",
  INVALID_OPENING_QUOTE: "a quote stands in the middle of a field",
  CSV_MAX_RECORD_SIZE: "a record is longer than a megabyte: a quote before it was probably never closed",
};

function truncated(path: string, line: number): MoveError {
  return invalid(path, line, "the file ends in the middle of a user: it was cut off", FRESH);
}

function invalid(path: string, line: number, what: string, next: string, column?: (typeof COLUMNS)[number]): MoveError {
  const place = column ? `line ${line}, column ${column}` : `line ${line}`;
  return new MoveError("EXPORT_INVALID", `The Clerk export ${path} cannot be used, ${place}: ${what}.`, { next });
}
