import { createHash } from "node:crypto";
import { domainToASCII, domainToUnicode } from "node:url";

/** White space of every kind (Unicode's White_Space, and the byte order mark), which does not belong to an address it stands around. */
export const WHITE_SPACE =
  "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";
const AROUND = new RegExp(`^[${WHITE_SPACE}]+|[${WHITE_SPACE}]+$`, "g");

/** Letters of domains that name themselves in IDNA whatever stands beside them: what SQL can compare without IDNA's tables. */
const PLAIN_BLOCKS: readonly (readonly [number, number])[] = [
  [0xdf, 0x24f], // Latin
  [0x370, 0x52f], // Greek, Cyrillic
  [0x1e00, 0x1eff], // Latin, Vietnamese
  [0x3041, 0x30fa], // Kana
  [0x4e00, 0x9fff], // Han
  [0xac00, 0xd7a3], // Hangul
];

/** Capital letters outside ASCII and their small ones, pair by pair: one letter for one letter, so that `translate()` does the same in SQL. */
const FOLD = capitals();
/** For a bracket of a regular expression, in JavaScript and in Postgres alike. */
const PLAIN_LETTERS = plainLetters();
const DECIDED_DOMAIN = new RegExp(`^[a-z0-9.${PLAIN_LETTERS}-]+$`, "u");

const HOST_LETTERS = /^[A-Za-z0-9.\u0080-\u{10ffff}-]+$/u;

const LONGEST_KEY = 320;

/** The address without the white space around it: what is sent and shown. */
export function stripAddress(address: string): string {
  return address.replace(AROUND, "");
}

/**
 * The one form in which addresses are compared: NFC, no white space around, capital letters made small one by one, the domain as IDNA (UTS 46) reads
 * it and in its own letters. docs/decisions/addresses.md says why. In SQL: `rehome.email_key`, which says `idna:` where only IDNA's tables know.
 */
export function addressKey(address: string): string {
  // Postgres counts code points, too.
  if (address.length > LONGEST_KEY && [...address].length > LONGEST_KEY)
    return `sha256:${createHash("sha256").update(address).digest("hex")}`;
  const folded = fold(address);
  const at = folded.lastIndexOf("@");
  const domain = folded.slice(at + 1);
  if (at === -1 || isPlainAscii(domain)) return folded;
  const canonical = canonicalDomain(domain);
  return canonical === undefined ? `idna:${folded}` : `${folded.slice(0, at + 1)}${canonical}`;
}

/** Whether `rehome.email_key` finds the same key; else a row with this address is nobody's but its guest's. */
export function sqlDecides(address: string): boolean {
  const folded = fold(address);
  const domain = folded.slice(folded.lastIndexOf("@") + 1);
  return !folded.includes("@") || isPlainAscii(domain) || (DECIDED_DOMAIN.test(domain) && !hasPunycode(domain));
}

/**
 * Why WorkOS would not take this as an address, or undefined. RFC 5321 (dot-atom, 64 and 254 bytes), RFC 6531 (other letters), host names of two labels
 * or more. Quoted local parts and address literals are refused: nobody signs up with one.
 *
 * @returns words that hold nothing of the address
 */
export function addressProblem(given: string): string | undefined {
  const address = stripAddress(given);
  if (/[\p{C}\p{Z}\ufffd]/u.test(address)) return "white space, a control character or an invisible one stands inside";
  const [local = "", domain = "", ...more] = address.split("@");
  if (more.length > 0 || local === "" || domain === "") return "it is not one name, one @ and one domain";
  if (Buffer.byteLength(address) > 254) return "it is longer than 254 bytes";
  if (Buffer.byteLength(local) > 64) return "the part before the @ is longer than 64 bytes";
  if (!/^[^.]+(\.[^.]+)*$/.test(local)) return "a dot begins or ends the part before the @, or two stand side by side";
  if (!/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\u{10ffff}-]+$/u.test(local)) return "a character before the @ is not one of an address";
  const ascii = /^[A-Za-z0-9.-]+$/.test(domain) && !hasPunycode(domain.toLowerCase()) ? domain : toAscii(fold(domain));
  const labels = ascii?.split(".") ?? [];
  const isHost = labels.every((label) => /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label));
  if (labels.length < 2 || !isHost || /^\d+$/.test(labels.at(-1) ?? "")) return "the part after the @ is not the name of a host";
  return undefined;
}

/** What ledger/schema.sql leaves open, so that the rule stands in one place: quoted literals for `translate`, `btrim` and `~`. */
export const ADDRESS_RULE_IN_SQL: Readonly<Record<string, string>> = {
  ":capitals": `'${FOLD.capital}'`,
  ":smalls": `'${FOLD.small}'`,
  ":white_space": `U&'${[...WHITE_SPACE].map((one) => `\\${one.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}'`,
  ":decided_domain": `'^[a-z0-9.${PLAIN_LETTERS}-]+$'`,
};

function fold(address: string): string {
  return [...stripAddress(address.normalize("NFC"))]
    .map((letter) => FOLD.map.get(letter) ?? letter)
    .join("")
    .normalize("NFC");
}

const hasPunycode = (domain: string): boolean => /(^|\.)xn--/.test(domain);
const isPlainAscii = (domain: string): boolean => /^[\0-\x7f]*$/.test(domain) && !hasPunycode(domain);

/** The domain in its own letters, small and composed; undefined for what IDNA does not take. */
function canonicalDomain(domain: string): string | undefined {
  const ascii = toAscii(domain);
  if (ascii === undefined) return undefined;
  const own = domainToUnicode(`${ascii}.x`).normalize("NFC");
  return HOST_LETTERS.test(own) && !hasPunycode(own) && domainToASCII(own) === `${ascii}.x` ? own.slice(0, -2) : undefined;
}

/** Node reads a host name here: the label behind keeps it from taking a number for an IPv4 address. */
function toAscii(domain: string): string | undefined {
  if (!HOST_LETTERS.test(domain)) return undefined;
  const ascii = domainToASCII(`${domain}.x`);
  return ascii.endsWith(".x") ? ascii.slice(0, -2) : undefined;
}

function capitals(): { map: Map<string, string>; capital: string; small: string } {
  const map = new Map<string, string>();
  for (let code = 0x41; code < 0x1ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const letter = String.fromCodePoint(code);
    const small = letter.toLowerCase();
    // What becomes two letters (U+0130) stays, and what is another letter in NFC (the Kelvin sign) never comes here.
    if (small !== letter && [...small].length === 1 && letter.normalize("NFC") === letter && small.normalize("NFC") === small)
      map.set(letter, small);
  }
  return { map, capital: [...map.keys()].join(""), small: [...map.values()].join("") };
}

function plainLetters(): string {
  const ranges: [number, number][] = [];
  for (const [from, to] of PLAIN_BLOCKS) {
    for (let code = from; code <= to; code++) {
      const letter = String.fromCodePoint(code);
      const host = `a${letter}a.x`;
      const plain = /^\p{L}$/u.test(letter) && fold(letter) === letter && domainToUnicode(domainToASCII(host)) === host;
      const last = ranges.at(-1);
      if (!plain) continue;
      if (last?.[1] === code - 1) last[1] = code;
      else ranges.push([code, code]);
    }
  }
  return ranges.map(([from, to]) => `${String.fromCodePoint(from)}-${String.fromCodePoint(to)}`).join("");
}
