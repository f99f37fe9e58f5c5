import type { ClientBase } from "pg";
import { TenancyError, toTenancyError } from "../errors.ts";
import type { InSchema } from "./issuer.ts";
import { inSchema } from "./sql-text.ts";

/** Whom a subject of the old issuer is here. */
export interface MappedIdentity {
  /** The old issuer's user id (Clerk's `sub`). */
  sub: string;
  /** The WorkOS user id, as in the mirror. */
  userId: string;
  /** The organization such a token opens; role and permissions come from the mirror. */
  orgId: string;
}

const BATCH = 5000;

/**
 * Lets people of the old issuer in with its tokens: writes or changes their rows of the identity map, 5,000 a statement. May be run again.
 *
 * Run as rehome_mover or the installer: whoever may call this can make a person of that issuer anyone.
 *
 * @param issuer name of an issuer of kind `clerk`
 * @returns how many rows were written
 * @throws TenancyError install_refused when there is no such issuer or a row is unfit; batches before it are written
 */
export async function mapIdentities(
  client: ClientBase,
  issuer: string,
  rows: Iterable<MappedIdentity> | AsyncIterable<MappedIdentity>,
  { schema }: InSchema = {},
): Promise<number> {
  const statement = inSchema("select auth.map_identities($1, $2::text[], $3::text[], $4::text[]) as written", schema);
  let written = 0;
  let batch: MappedIdentity[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    const columns = [batch.map((row) => row.sub), batch.map((row) => row.userId), batch.map((row) => row.orgId)];
    try {
      const { rows: answer } = await client.query<{ written: number }>(statement, [issuer, ...columns]);
      written += answer[0]?.written ?? 0;
    } catch (error) {
      throw explained(issuer, error);
    }
    batch = [];
  };
  for await (const row of rows) {
    batch.push(row);
    if (batch.length === BATCH) await flush();
  }
  await flush();
  return written;
}

const REASONS: Record<string, string> = {
  RJ010: "there is no such issuer of kind clerk",
  "23514": "an id is empty, too long or holds a control character",
  "23502": "an id is missing",
  "21000": "one sub stands twice in the same batch",
};

function explained(issuer: string, error: unknown): TenancyError {
  const failed = toTenancyError(error);
  const reason = REASONS[failed.sqlstate ?? ""];
  if (reason === undefined) return failed;
  return new TenancyError("install_refused", failed, { message: `Identities of ${issuer}: ${reason}.`, next: "Mend it and run it again." });
}
