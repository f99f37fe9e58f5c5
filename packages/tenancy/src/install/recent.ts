import type { ClientBase } from "pg";
import { TenancyError } from "../errors.ts";

/** @throws TenancyError install_refused when the server is older than Postgres 16; nothing was changed then */
export async function refuseOldServer(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ recent: boolean }>("select current_setting('server_version_num')::int >= 160000 as recent");
  if (rows[0]?.recent) return;
  throw new TenancyError(
    "install_refused",
    {},
    {
      message: "The server is older than Postgres 16; nothing was changed.",
      next: "Upgrade it: roles that are taken by SET only, and the guard's reading of tokens, need 16.",
    },
  );
}
