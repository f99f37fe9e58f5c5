import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import { readHeld } from "../ledger/resolutions.ts";
import { query } from "../postgres/query.ts";

/** What must hold before the cutover may start, each with what was found. */
export interface GateCheck {
  name: string;
  ok: boolean;
  figure: string;
}

/**
 * Reads the gate of the cutover from the ledger. Writes nothing.
 *
 * A proof counts only if it was run after the last verb that changed what it rests on; the product's own count as the others.
 */
export async function readGate(client: ClientBase, config: MoveConfig): Promise<GateCheck[]> {
  const held = await heldUsers(client, config);
  const proofs = await query<{ name: string; ok: boolean; figure: string; stale: boolean; changedBy: string | null }>(
    client,
    "read the proofs",
    `select p.name, p.ok, p.figure, p.epoch < m.changed_epoch as stale, m.changed_by as "changedBy"
       from rehome.proof p cross join rehome.move m order by p.name`,
  );
  const wanted = ["users", "rows", "references", ...config.proofs.map((proof) => proof.name)];
  return [
    {
      name: "held users settled",
      ok: held.length === 0,
      figure: held.length === 0 ? "none is open" : `${held.length} open: see \`rehome plan --held\``,
    },
    ...wanted.map((name) => {
      const proof = proofs.find((candidate) => candidate.name === name);
      if (proof?.stale) return { name: `proof ${name}`, ok: false, figure: `stale: \`rehome ${proof.changedBy}\` ran since` };
      return { name: `proof ${name}`, ok: proof?.ok ?? false, figure: proof?.figure ?? "never run" };
    }),
  ];
}

/** Legacy ids of people who are held or refused, and of whom nobody decided that they may stay behind. */
export async function heldUsers(client: ClientBase, config: MoveConfig): Promise<string[]> {
  const held = await readHeld(client, config.users.accept);
  return held.filter((person) => person.decidedBy === null).map((person) => person.id);
}

/** @throws MoveError GATE_CLOSED naming each check that does not hold */
export function assertGate(checks: readonly GateCheck[]): void {
  const closed = checks.filter((check) => !check.ok);
  if (closed.length === 0) return;
  throw new MoveError(
    "GATE_CLOSED",
    `The gate of the cutover is closed: ${closed.map((check) => `${check.name} (${check.figure})`).join("; ")}.`,
    {
      next: "Settle these, run `rehome verify`, then `rehome cutover` again. Nothing was changed.",
    },
  );
}
