import { createCipheriv } from "node:crypto";
import type { Draw } from "./draw.ts";
import type { Person, Shop } from "./shop.ts";
import type { Moment, PairedWrite, Statement, Writer } from "./statement.ts";

/** What one act is made from. */
export interface Scene {
  draw: Draw;
  shop: Shop;
  /** Later for each act. */
  now: Moment;
  /** 64 hex digits: the product's ENCRYPTION_KEY. */
  encryptionKey: string;
  /** Practices that WorkOS has made for people who become experts; by legacy user id. */
  practices: ReadonlyMap<string, NewPractice>;
}

/** As WorkOS gave it: an organization beside the home, and the membership of its owner. */
export interface NewPractice {
  orgId: string;
  membershipId: string;
}

/** One act of the product: its transactions in order; undefined where there is nothing to do it to. */
export type Act = (scene: Scene) => Omit<PairedWrite, "kind">[] | undefined;

/** Texts and JSON that a careless copy would change: COPY's own marks, quotes, lone surrogates' neighbours, line ends, repeated keys. */
export const ODD_TEXTS = ["\\N", "a\tb\r\nc\\n", `O'Neil "x" \\. $1`, "Consulta 🌿 às 9h – ção", "", "  \u00a0x  ", "\u202eabc"] as const;
export const ODD_JSON = [
  '{"a":1,  "a":2}',
  "[ 1.0, 1e2, 12345678901234567890123, -0 ]",
  '{"name":"x\\u0000y \\ud83d\\ude00","url":"https:\\/\\/example.test"}',
  "null",
  '"text"',
  '{\n\t"twitter": "@a\\\\b",\n\t"": []\n}',
  "{}",
  null,
] as const;

/** Under a token for where the person works at that moment. */
export const asPerson = ({ legacyUserId, orgId }: Person): Writer => ({ kind: "person", legacyUserId, orgId });

/** Statements that do not depend on what the target returned. */
export const fixed = (...statements: Statement[]) => {
  return () => statements;
};

/** As legacy keeps notes: JSON text of hex fields, AES-256-GCM under a 12-byte iv. */
export function encrypted({ draw, encryptionKey }: Scene, text: string): string {
  const iv = draw.bytes(12);
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(encryptionKey, "hex"), iv);
  const encryptedContent = cipher.update(text, "utf8", "hex") + cipher.final("hex");
  return JSON.stringify({ encryptedContent, iv: iv.toString("hex"), tag: cipher.getAuthTag().toString("hex") });
}
