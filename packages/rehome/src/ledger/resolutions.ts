import type { ClientBase } from "pg";
import { MoveError } from "../errors.ts";
import { query, transaction } from "../postgres/query.ts";

/** Somebody who is held by the plan, or whom WorkOS or the database refused. */
export interface OpenPerson {
  id: string;
  disposition: "hold" | "refused";
  /** The plan's reason, or the code of the refusal. */
  reason: string;
  /** Of a refusal: what was refused. */
  what: string | null;
  /** Who decided that this person may stay behind; null while that is open. */
  decidedBy: string | null;
  because: string | null;
}

/** Who decided, as the config says it. */
export interface Acceptance {
  id: string;
  by: string;
  because: string;
}

/** Everybody who is held or refused, settled or not, in the order of their ids. */
export async function readHeld(client: ClientBase, accepted: readonly Acceptance[]): Promise<OpenPerson[]> {
  const rows = await query<{ [name: string]: unknown } & OpenPerson>(
    client,
    "read who is held or refused",
    `select d.legacy_user_id as id, d.disposition, d.reason, f.what, r.decided_by as "decidedBy", r.because
       from rehome.disposition d left join rehome.refusal f using (legacy_user_id) left join rehome.resolution r using (legacy_user_id)
      where d.disposition in ('hold', 'refused') order by 1`,
  );
  const byId = new Map(accepted.map((one) => [one.id, one]));
  return rows.map((row) => {
    const said = byId.get(row.id);
    return row.decidedBy === null && said ? { ...row, decidedBy: said.by, because: said.because } : row;
  });
}

/**
 * Records that these people may stay behind, and who decided it. The gate counts them as settled; each run still tries those whom WorkOS refused.
 *
 * @throws MoveError PHASE_REFUSED naming who is neither held nor refused; nothing is recorded then
 */
export async function resolvePeople(client: ClientBase, ids: readonly string[], by: string, because: string): Promise<void> {
  await transaction(client, async () => {
    const held = new Set((await readHeld(client, [])).map((person) => person.id));
    const others = ids.filter((id) => !held.has(id));
    if (others.length > 0) {
      throw new MoveError("PHASE_REFUSED", `Neither held nor refused: ${others.slice(0, 20).join(", ")}.`, {
        next: "`rehome plan --held` names everybody who can be settled. Nothing was recorded.",
      });
    }
    await recordAcceptances(
      client,
      ids.map((id) => ({ id, by, because })),
    );
  });
}

/** Takes decisions back; these people are open again. */
export async function reopenPeople(client: ClientBase, ids: readonly string[]): Promise<void> {
  await query(client, "take decisions back", "delete from rehome.resolution where legacy_user_id = any($1)", [ids]);
}

/** What the config accepts stands in the ledger too, with the time it was first seen. */
export async function recordAcceptances(client: ClientBase, accepted: readonly Acceptance[]): Promise<void> {
  await query(
    client,
    "record who decided",
    `insert into rehome.resolution (legacy_user_id, decided_by, because)
     select id, by, because from json_to_recordset($1) r(id text, by text, because text)
         on conflict (legacy_user_id) do update set decided_by = excluded.decided_by, because = excluded.because, decided_at = now()
      where (rehome.resolution.decided_by, rehome.resolution.because) is distinct from (excluded.decided_by, excluded.because)`,
    [JSON.stringify(accepted)],
  );
}
