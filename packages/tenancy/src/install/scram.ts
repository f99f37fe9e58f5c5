import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { TenancyError } from "../errors.ts";

const ITERATIONS = 4096;

/**
 * What Postgres stores for a password (`pg_authid.rolpassword`, RFC 5803), computed here so that the password itself never reaches the
 * server's log; psql's \password does the same.
 *
 * @param password printable ASCII only, so that no SASLprep is needed
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  if (!/^[\x20-\x7e]{1,256}$/.test(password)) {
    throw new TenancyError(
      "install_refused",
      {},
      {
        message: "A role's password must be 1 to 256 printable ASCII characters.",
        next: "Choose another password.",
      },
    );
  }
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString("base64")}$${storedKey}:${hmac("Server Key").toString("base64")}`;
}
