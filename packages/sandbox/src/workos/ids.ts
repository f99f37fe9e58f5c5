import { randomBytes } from "node:crypto";

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
let last = 0n;

/** A ULID that sorts after every earlier one of this process, so that ids sort by creation and serve as list cursors. */
export function ulid(): string {
  const fresh = (BigInt(Date.now()) << 80n) | BigInt(`0x${randomBytes(10).toString("hex")}`);
  last = fresh > last ? fresh : last + 1n;
  let text = "";
  for (let rest = last; text.length < 26; rest >>= 5n) text = CROCKFORD.charAt(Number(rest & 31n)) + text;
  return text;
}

/** An id as WorkOS makes them: `user_01…`. */
export function newId(prefix: string): string {
  return `${prefix}_${ulid()}`;
}

/** An unguessable text for tokens and keys. */
export function newSecret(bytes = 24): string {
  return randomBytes(bytes).toString("base64url");
}

/** Six digits, each as likely. */
export function newCode(): string {
  return String(randomBytes(6).readUIntBE(0, 6) % 1_000_000).padStart(6, "0");
}
