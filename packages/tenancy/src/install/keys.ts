import type { ClientBase } from "pg";
import { TenancyError, toTenancyError } from "../errors.ts";
import { installing } from "./installing.ts";
import type { InSchema } from "./issuer.ts";
import { inSchema } from "./sql-text.ts";

export interface SyncedKeys {
  /** Keys the issuer publishes now and the guard accepts. */
  current: number;
  /** Published keys of another kind (not RSA, not for signatures, not RS256), left out. */
  ignored: number;
}

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 262_144;

/**
 * Reads an issuer's keys from its pinned address and gives them to the database. Run by a job only: whoever writes keys can become anyone.
 *
 * All or nothing. When the address cannot be read, or gives no usable key, nothing changes and every known key stays good; a key that
 * vanished from the set stays good for the longest life a token may still have. Fetches whenever it is called: keepGuard is what asks at most
 * once in 30 seconds.
 *
 * @param issuer name of its row in auth.issuer, as addIssuer returned it
 * @param fetchImpl for tests and proxies
 * @throws TenancyError unreachable (address or database), bad_keys (content), install_refused (no such issuer, or no right to read it)
 */
export async function syncKeys(
  client: ClientBase,
  issuer: string,
  fetchImpl: typeof fetch = fetch,
  { schema }: InSchema = {},
): Promise<SyncedKeys> {
  const address = inSchema("select jwks_url from auth.issuer where name = $1", schema);
  const { rows } = await installing("syncKeys", () => client.query<{ jwks_url: string }>(address, [issuer]));
  const url = rows[0]?.jwks_url;
  if (!url)
    throw new TenancyError(
      "install_refused",
      {},
      {
        message: `There is no issuer ${issuer}.`,
        next: "Add it with addIssuer.",
      },
    );
  const published = await readKeys(url, fetchImpl);
  const usable = published.filter(isUsable);
  if (usable.length === 0) throw new TenancyError("bad_keys", {}, { message: `${url} publishes no RS256 key; nothing was changed.` });
  const keys = usable.map(({ kid, n, e }) => ({ kid, n, e }));
  try {
    const { rows: put } = await client.query<{ current: number }>(inSchema("select auth.put_jwks($1, $2::jsonb) as current", schema), [
      issuer,
      JSON.stringify(keys),
    ]);
    return {
      current: put[0]?.current ?? 0,
      ignored: published.length - usable.length,
    };
  } catch (error) {
    const failed = toTenancyError(error);
    throw failed.sqlstate?.startsWith("RJ") ? new TenancyError("bad_keys", failed) : failed;
  }
}

async function readKeys(url: string, fetchImpl: typeof fetch): Promise<unknown[]> {
  let text: string;
  try {
    // The address is pinned: a redirect would lead to keys that nobody chose.
    const response = await fetchImpl(url, {
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: "application/json" },
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    text = await response.text();
  } catch {
    throw new TenancyError(
      "unreachable",
      {},
      {
        message: `${url} could not be read; nothing was changed.`,
        next: "Try again; known keys stay good meanwhile.",
      },
    );
  }
  try {
    const { keys } = JSON.parse(text.slice(0, MAX_BYTES)) as { keys?: unknown };
    if (Array.isArray(keys)) return keys;
  } catch {
    // Not JSON: the same refusal.
  }
  throw new TenancyError("bad_keys", {}, { message: `${url} gave no key set; nothing was changed.` });
}

function isUsable(key: unknown): key is { kid: string; n: string; e: string } {
  if (typeof key !== "object" || key === null) return false;
  const { kty, use, alg, kid, n, e } = key as Record<string, unknown>;
  return (
    kty === "RSA" &&
    (use === undefined || use === "sig") &&
    (alg === undefined || alg === "RS256") &&
    typeof kid === "string" &&
    typeof n === "string" &&
    typeof e === "string"
  );
}
