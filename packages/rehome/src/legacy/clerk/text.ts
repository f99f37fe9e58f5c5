/** A change that a value needed to be kept at all, with the field it was in. Never the value. */
export interface Repair {
  field: string;
  what: "characters_replaced" | "cut" | "unreadable_date";
}

const MOST_NAME_LENGTH = 500;
const REPLACED = "\ufffd";

/**
 * Makes a text that Postgres and WorkOS keep: NUL and half surrogates become U+FFFD.
 *
 * @param repairs gets what was done
 */
export function cleanText<T extends string | null>(value: T, field: string, repairs: Repair[]): T {
  if (value === null) return value;
  const clean = value.toWellFormed().replaceAll("\0", REPLACED);
  if (clean !== value) repairs.push({ field, what: "characters_replaced" });
  return clean as T;
}

/** A name: clean, without white space around, at most 500 characters, null when nothing is left. Two of them fit into an organization's name. */
export function cleanName(value: string | null, field: string, repairs: Repair[]): string | null {
  const text = cleanText(value, field, repairs)?.trim() || null;
  if (text === null || text.length <= MOST_NAME_LENGTH) return text;
  repairs.push({ field, what: "cut" });
  return text.slice(0, MOST_NAME_LENGTH).replace(/[\ud800-\udbff]$/, "");
}

/** A date that Postgres reads, or null. Milliseconds since 1970. */
export function cleanDate(value: unknown, field: string, repairs: Repair[]): Date | null {
  if (value === null || value === undefined) return null;
  const date = typeof value === "number" ? new Date(value) : new Date(Number.NaN);
  if (date.getUTCFullYear() >= 1970 && date.getUTCFullYear() <= 9999) return date;
  repairs.push({ field, what: "unreadable_date" });
  return null;
}

/** The same for everything inside a JSON value. */
export function cleanJson(value: unknown, field: string, repairs: Repair[]): unknown {
  const found: Repair[] = [];
  const walk = (inner: unknown): unknown => {
    if (typeof inner === "string") return cleanText(inner, field, found);
    if (Array.isArray(inner)) return inner.map(walk);
    if (typeof inner !== "object" || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, one]) => [cleanText(key, field, found), walk(one)]));
  };
  const clean = walk(value);
  if (found[0]) repairs.push(found[0]);
  return clean;
}

/**
 * A TOTP secret as WorkOS takes it: Base32 in upper case without padding, of 16 to 128 letters (its own bounds are not documented; the twin's).
 * Grouped by spaces or dashes, in lower case, or inside an otpauth URI with the parameters that Clerk and WorkOS share, it is the same secret.
 *
 * @returns undefined for what is none
 */
export function readTotpSecret(text: string): string | undefined {
  const inside = /^otpauth:/i.test(text.trim()) ? secretOfUri(text.trim()) : text;
  const bare = inside?.replace(/[\s-]/g, "").replace(/=+$/, "");
  // Of both cases it is Base64, and no Base32.
  if (bare === undefined || (bare !== bare.toUpperCase() && bare !== bare.toLowerCase())) return undefined;
  return /^[A-Z2-7]{16,128}$/.test(bare.toUpperCase()) ? bare.toUpperCase() : undefined;
}

function secretOfUri(uri: string): string | undefined {
  if (!URL.canParse(uri)) return undefined;
  const { host, searchParams } = new URL(uri);
  const is = (name: string, expected: string) => (searchParams.get(name) ?? expected).toUpperCase() === expected;
  return host === "totp" && is("algorithm", "SHA1") && is("digits", "6") && is("period", "30")
    ? (searchParams.get("secret") ?? undefined)
    : undefined;
}
