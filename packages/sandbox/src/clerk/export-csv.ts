import { primaryEmail, primaryPhone, type UserRecord } from "./user.ts";

/** The columns of the Dashboard's export, in its order (`samples/clerk.csv` of Clerk's migration tool). */
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

export interface ExportOptions {
  /** Whether a verified primary address also stands among the verified ones. Clerk's own sample leaves it out. */
  primaryInVerified: boolean;
  /** Between two addresses of a cell. */
  separator: "|" | ",";
}

/** The Dashboard's CSV: the only place where Clerk shows digests and TOTP secrets. Banned users are in it, metadata and backup codes are not. */
export function exportCsv(users: readonly UserRecord[], options: ExportOptions): string {
  const rows = users
    .filter((user) => user.inExport)
    .map((user) => COLUMNS.map((column) => cell(valuesOf(user, options)[column])).join(","));
  return `${[COLUMNS.join(","), ...rows].join("\n")}\n`;
}

function valuesOf(user: UserRecord, options: ExportOptions): Record<(typeof COLUMNS)[number], string | null | undefined> {
  const join = (values: readonly string[]) => values.join(options.separator);
  const listed = user.emails.filter((email) => !email.primary || (options.primaryInVerified && email.verified));
  return {
    id: user.id,
    first_name: user.firstName,
    last_name: user.lastName,
    username: user.username,
    primary_email_address: primaryEmail(user)?.address,
    primary_phone_number: primaryPhone(user)?.number,
    verified_email_addresses: join(listed.filter((email) => email.verified).map((email) => email.address)),
    unverified_email_addresses: join(listed.filter((email) => !email.verified).map((email) => email.address)),
    verified_phone_numbers: join(user.phones.filter((phone) => phone.verified).map((phone) => phone.number)),
    unverified_phone_numbers: join(user.phones.filter((phone) => !phone.verified).map((phone) => phone.number)),
    totp_secret: user.totpSecret,
    password_digest: user.passwordDigest,
    password_hasher: user.passwordHasher,
  };
}

function cell(value: string | null | undefined): string {
  const text = value ?? "";
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
