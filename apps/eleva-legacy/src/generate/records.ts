import { createCipheriv } from "node:crypto";
import { DAY_MS, fromNaive, HOUR_MS, naive } from "./clock.ts";
import type { Draft } from "./draft.ts";
import type { Random } from "./random.ts";
import { SENTENCES } from "./words.ts";

/** Encrypted notes to seven of ten past meetings, 200 to 20,000 characters in three languages. */
export function addRecords(random: Random, draft: Draft): void {
  for (const meeting of draft.tables.meetings) {
    const end = fromNaive(meeting["endTime"] as string);
    if (end > draft.now || !random.chance(0.7)) continue;
    const created = Math.min(draft.now - 1, end + random.int(0, 20 * HOUR_MS));
    draft.tables.records.push({
      id: random.uuid(),
      meeting_id: meeting["id"] as string,
      expert_id: meeting["clerkUserId"] as string,
      guest_email: meeting["guestEmail"] as string,
      encrypted_content: encrypt(random, draft.encryptionKey, noteText(random)),
      encrypted_metadata: random.chance(0.3)
        ? encrypt(random, draft.encryptionKey, `{"tags":["follow-up"],"mood":${random.int(1, 5)}}`)
        : null,
      last_modified_at: naive(Math.min(draft.now, created + random.int(0, 30 * DAY_MS))),
      created_at: naive(created),
      version: random.chance(0.7) ? 1 : random.int(2, 9),
    });
  }
}

/** JSON text `{encryptedContent, iv, tag}` in hex; AES-256-GCM under a 12-byte iv, as the product's `lib/utils/encryption.ts` writes it. */
export function encrypt(random: Random, keyHex: string, text: string): string {
  const iv = random.bytes(12);
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(keyHex, "hex"), iv);
  const encryptedContent = cipher.update(text, "utf8", "hex") + cipher.final("hex");
  return JSON.stringify({ encryptedContent, iv: iv.toString("hex"), tag: cipher.getAuthTag().toString("hex") });
}

/** Most notes are short; the length is spread over two powers of ten. */
function noteText(random: Random): string {
  const sentences = SENTENCES[random.weighted({ pt: 70, en: 20, es: 10 })];
  const length = Math.round(200 * 100 ** (random.unit() ** 3));
  let text = "";
  while (text.length < length) text += `${random.pick(sentences)}${random.chance(0.15) ? "\n\n" : " "}`;
  return text.slice(0, length);
}
