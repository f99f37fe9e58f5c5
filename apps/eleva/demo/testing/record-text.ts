import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/** The clear text of a stored record; undefined where this key does not open it. Format: JSON text of hex fields, AES-256-GCM. */
export function decrypted(stored: string, keyHex: string): string | undefined {
  try {
    const { encryptedContent, iv, tag } = JSON.parse(stored) as Record<string, string>;
    const decipher = createDecipheriv("aes-256-gcm", Buffer.from(keyHex, "hex"), Buffer.from(iv ?? "", "hex"), { authTagLength: 16 });
    decipher.setAuthTag(Buffer.from(tag ?? "", "hex"));
    return decipher.update(encryptedContent ?? "", "hex", "utf8") + decipher.final("utf8");
  } catch {
    return undefined;
  }
}

/** A record of this text, under an iv of its own. */
export function encrypted(text: string, keyHex: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(keyHex, "hex"), iv);
  const encryptedContent = cipher.update(text, "utf8", "hex") + cipher.final("hex");
  return JSON.stringify({ encryptedContent, iv: iv.toString("hex"), tag: cipher.getAuthTag().toString("hex") });
}
