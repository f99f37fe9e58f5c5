import { createHmac } from "node:crypto";
import type pg from "pg";

/** Between the seal and what it covers, and between the parts of that. */
export const SEALED = "\x1e";
export const PART = "\x1f";

export interface SealKey {
  generation: bigint;
  slot: "0" | "1";
  key: Buffer;
  /** The two numbers that the slot holds: the key xor the inner pad. */
  stored: [bigint, bigint];
}

/** The current seal key, as only a superuser can read it. */
export async function readSealKey(owner: pg.Client): Promise<SealKey> {
  const { rows } = await owner.query<{ g: string; a: string; b: string }>(
    `select g.last_value::text as g, case when g.last_value % 2 = 0 then a0.last_value else a1.last_value end::text as a,
            case when g.last_value % 2 = 0 then b0.last_value else b1.last_value end::text as b
       from auth.seal_generation g, auth.seal_0a a0, auth.seal_0b b0, auth.seal_1a a1, auth.seal_1b b1`,
  );
  const { g = "0", a = "0", b = "0" } = rows[0] ?? {};
  const stored = Buffer.alloc(16);
  stored.writeBigInt64BE(BigInt(a), 0);
  stored.writeBigInt64BE(BigInt(b), 8);
  return {
    generation: BigInt(g),
    slot: BigInt(g) % 2n === 0n ? "0" : "1",
    key: Buffer.from(stored.map((byte) => byte ^ 0x36)),
    stored: [BigInt(a), BigInt(b)],
  };
}

/** What the guard would seal with this key: node's HMAC, not the guard's. */
export function sealOf({ key, slot }: SealKey, tag: "i" | "c" | "t", ...message: (string | Buffer)[]): string {
  const hmac = createHmac("sha256", key).update(tag);
  for (const part of message) hmac.update(part);
  return slot + hmac.digest("hex");
}

/** An identity's parts, sealed for the transaction that started at `start` (8 bytes of timestamptz_send). */
export function identityOf(sealKey: SealKey, start: Buffer, parts: readonly (string | number)[]): string {
  const body = parts.join(PART);
  return sealOf(sealKey, "i", start, body) + SEALED + body;
}
