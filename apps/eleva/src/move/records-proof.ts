import { createDecipheriv, createHash } from "node:crypto";
import { judge, type Proof, type ProofContext } from "rehome";

/**
 * Proves that every moved record decrypts to the same text as on legacy. Texts are compared as digests; none leaves this function.
 *
 * A record that does not decrypt on legacy either (another key, cut off) must be the same bytes, and is counted by name.
 *
 * @param keyHex the product's ENCRYPTION_KEY: 64 hex digits
 */
export async function proveRecords({ legacy, target }: ProofContext, keyHex: string): Promise<Proof> {
  const sql = (table: string, columns: string) => `select ${columns} from ${table} order by id`;
  const [before, after, staying] = await Promise.all([
    legacy.query<StoredRecord>(sql("records", "id, encrypted_content, encrypted_metadata")),
    target.query<StoredRecord>(sql("records", "id, encrypted_content, encrypted_metadata")),
    target.query<{ key: string }>("select key from rehome.left_behind where legacy_table = 'records'"),
  ]);
  const stays = new Set(staying.rows.map((row) => row.key));
  const expected = before.rows.filter((row) => !stays.has(row.id));
  const byId = new Map(after.rows.map((row) => [row.id, row]));
  const offenders: string[] = [];
  let checked = 0;
  let unreadable = 0;
  for (const record of expected) {
    const moved = byId.get(record.id);
    if (!moved) {
      offenders.push(`record ${record.id} is not in the target`);
      continue;
    }
    checked += 1;
    for (const column of ["encrypted_content", "encrypted_metadata"] as const) {
      const [was, is] = [readable(record[column], keyHex), readable(moved[column], keyHex)];
      if (was === null) unreadable += column === "encrypted_content" ? 1 : 0;
      if (was !== is || (was === null && record[column] !== moved[column])) offenders.push(`record ${record.id}: ${column} differs`);
    }
  }
  // Then nothing was compared but bytes: the key is another one.
  if (checked > 0 && unreadable === checked) offenders.push("no record decrypts with ENCRYPTION_KEY");
  const figure = `${checked} records: ${checked - unreadable} decrypt to the same text, ${unreadable} did not decrypt on legacy either and are the same bytes`;
  return judge({ name: "records", checked, expected: expected.length, figure, offenders });
}

interface StoredRecord {
  id: string;
  encrypted_content: string;
  encrypted_metadata: string | null;
}

/** A digest of the clear text; null where it does not decrypt. Format: JSON text of hex fields, AES-256-GCM with a 12-byte iv. */
function readable(stored: string | null, keyHex: string): string | null {
  if (stored === null) return "absent";
  try {
    const { encryptedContent, iv, tag } = JSON.parse(stored) as { encryptedContent: string; iv: string; tag: string };
    const decipher = createDecipheriv("aes-256-gcm", Buffer.from(keyHex, "hex"), Buffer.from(iv, "hex"), { authTagLength: 16 });
    decipher.setAuthTag(Buffer.from(tag, "hex"));
    const clear = Buffer.concat([decipher.update(Buffer.from(encryptedContent, "hex")), decipher.final()]);
    return createHash("sha256").update(clear).digest("hex");
  } catch {
    return null;
  }
}
