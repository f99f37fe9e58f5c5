import type { ClientBase } from "pg";
import { TenancyError, toTenancyError } from "../errors.ts";
import { installing } from "./installing.ts";
import type { InSchema } from "./issuer.ts";
import { inSchema } from "./sql-text.ts";

export interface SyncedKeys {
  /** Keys the issuer publishes now and the guard accepts. */
  current: number;
  /** Published keys of another kind (not RSA, not for signatures, not RS256), and those of `refused`: left out. */
  ignored: number;
  /** Published RS256 keys that must verify nothing, and why; present only where there are some. */
  refused?: RefusedKey[];
}

/** A key that its own set rules out. */
export interface RefusedKey {
  /** Undefined where the key has none. */
  kid: string | undefined;
  /** private_part: whoever reads the set can sign with it. not_for_verifying: its `use` or `key_ops` say so. */
  reason: "private_part" | "not_for_verifying";
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
  const refused = published.flatMap(refusedKey);
  const usable = published.filter((key) => isUsable(key) && refusedKey(key).length === 0) as { kid: string; n: string; e: string }[];
  if (usable.length === 0)
    throw new TenancyError("bad_keys", {}, { message: `${url} publishes no usable RS256 key${told(refused)}; nothing was changed.` });
  const keys = usable.map(({ kid, n, e }) => ({ kid, n, e }));
  try {
    const { rows: put } = await client.query<{ current: number }>(inSchema("select auth.put_jwks($1, $2::jsonb) as current", schema), [
      issuer,
      JSON.stringify(keys),
    ]);
    return {
      current: put[0]?.current ?? 0,
      ignored: published.length - usable.length,
      ...(refused.length > 0 && { refused }),
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

/** RFC 7517 and 7518: the members of a private or secret key, of whatever kind. */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/** None, or the one reason why a key that is otherwise of our kind must verify nothing; a private part counts in a key of any kind. */
function refusedKey(key: unknown): RefusedKey[] {
  if (typeof key !== "object" || key === null) return [];
  const { kty, use, key_ops: operations, kid } = key as Record<string, unknown>;
  const named = typeof kid === "string" ? kid : undefined;
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(key, member))) return [{ kid: named, reason: "private_part" }];
  const verifies = operations === undefined || (Array.isArray(operations) && operations.includes("verify"));
  if (kty === "RSA" && (!verifies || (use !== undefined && use !== "sig"))) return [{ kid: named, reason: "not_for_verifying" }];
  return [];
}

const told = (refused: readonly RefusedKey[]): string =>
  refused.some(({ reason }) => reason === "private_part") ? " (a key stands there with its private part, and is left out)" : "";

function isUsable(key: unknown): key is { kid: string; n: string; e: string } {
  if (typeof key !== "object" || key === null) return false;
  const { kty, alg, kid, n, e } = key as Record<string, unknown>;
  return (
    kty === "RSA" && (alg === undefined || alg === "RS256") && typeof kid === "string" && typeof n === "string" && typeof e === "string"
  );
}
