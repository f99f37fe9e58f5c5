import { type ClientBase, escapeIdentifier } from "pg";
import { TenancyError } from "../errors.ts";
import { CONFIDENTIAL_ROLE } from "../policies/confidential-names.ts";

/** The policies of the reader become the functions' own: "the same rule" is one text. It may act by its rights and not become it. */
export async function inheritFrom(client: ClientBase, reader: string): Promise<void> {
  const { rows } = await client.query<{ there: boolean; inherits: boolean }>(
    `select to_regrole($2) is not null as there, exists (select from pg_auth_members m where m.roleid = to_regrole($1) and m.member = to_regrole($2) and m.inherit_option) as inherits`,
    [escapeIdentifier(reader), CONFIDENTIAL_ROLE],
  );
  if (!rows[0]?.there)
    throw new TenancyError(
      "install_refused",
      {},
      { message: `Role ${CONFIDENTIAL_ROLE} is missing.`, next: "Call installRoles of this version first." },
    );
  if (!rows[0].inherits)
    await client.query(`grant ${escapeIdentifier(reader)} to ${CONFIDENTIAL_ROLE} with admin false, inherit true, set false`);
}
