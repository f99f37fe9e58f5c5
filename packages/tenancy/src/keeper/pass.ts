import type { ClientBase } from "pg";
import { TenancyError } from "../errors.ts";
import { type RefusedKey, syncKeys } from "../install/keys.ts";
import { inSchema } from "../install/sql-text.ts";

export interface KeeperPass {
  /** Issuers whose keys were read. */
  synced: string[];
  /** Issuers whose keys could not be read, or were not usable; known keys stay good. */
  unread: { issuer: string; code: TenancyError["code"] }[];
  /** Keys that were left out because their set rules them out: one with its private part in the open wants its issuer's attention. */
  refused?: (RefusedKey & { issuer: string })[];
  /** The seal key is a new one. */
  rotated: boolean;
  /** The old one is gone, too: this database is a restored or branched copy, or had none. */
  forgot: boolean;
  /** Revoked sessions past their end that were deleted. */
  deleted: number;
}

interface PassOptions {
  schema: string;
  syncEverySeconds?: number;
  rotateEverySeconds?: number;
  fetch?: typeof fetch;
}

/** Does once what there is to do now. @throws what the database answers; an address that cannot be read is reported, not thrown */
export async function passOnce(client: ClientBase, options: PassOptions): Promise<KeeperPass> {
  const { schema, syncEverySeconds = 300, rotateEverySeconds = 3600 } = options;
  const { rows: kept } = await client.query<{ rotated: boolean; forgot: boolean; deleted: number }>(
    inSchema("select rotated, forgot, deleted from auth.keep(make_interval(secs => $1))", schema),
    [rotateEverySeconds],
  );
  const { rows: due } = await client.query<{ name: string }>(
    inSchema("select name from auth.keys_due(make_interval(secs => $1))", schema),
    [syncEverySeconds],
  );
  const { rotated = false, forgot = false, deleted = 0 } = kept[0] ?? {};
  const pass: KeeperPass = { synced: [], unread: [], rotated, forgot, deleted };
  for (const { name } of due) {
    try {
      const { refused = [] } = await syncKeys(client, name, options.fetch ?? fetch, { schema });
      pass.synced.push(name);
      if (refused.length > 0) pass.refused = [...(pass.refused ?? []), ...refused.map((key) => ({ ...key, issuer: name }))];
    } catch (error) {
      if (!(error instanceof TenancyError) || (error.sqlstate !== undefined && error.code !== "bad_keys")) throw error;
      pass.unread.push({ issuer: name, code: error.code });
    }
  }
  return pass;
}
