import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { compileAll } from "../copy/forward-pass.ts";
import { atOneSnapshot } from "../copy/sync.ts";
import { fromConfigFunction } from "../errors.ts";
import { holdEpoch, recordEvent, takeMove } from "../ledger/ledger.ts";
import { readLegacyUsers } from "../legacy/read-users.ts";
import { readCatalog } from "../postgres/catalog.ts";
import { withConnection } from "../postgres/connect.ts";
import { query, transaction } from "../postgres/query.ts";
import type { Progress } from "../progress.ts";
import { openWorkos } from "../users/workos.ts";
import type { Proof } from "./proof.ts";
import { proveReferences } from "./references.ts";
import { proveRows, type TableComparison } from "./rows.ts";
import { proveUsers } from "./users.ts";

export interface VerifyFigures {
  proofs: Proof[];
  tables: TableComparison[];
  seconds: number;
}

/**
 * Runs every proof and writes what it found to the ledger, where the gate of the cutover reads it. Carries pending changes on the way.
 *
 * @param options.fresh asks WorkOS for everybody anew, and not only for people whom its events name
 */
export async function runVerify(config: MoveConfig, progress: Progress, options: { fresh?: boolean } = {}): Promise<VerifyFigures> {
  const startedAt = performance.now();
  return withConnection(config.legacy.database, "legacy", (legacy) =>
    withConnection(config.target.mover, "target", async (target) => {
      const epoch = await takeMove(target, "verify");
      const forward = compileAll(config, await readCatalog(legacy, "legacy"), await readCatalog(target, "the target"));
      let tables: TableComparison[] = [];
      const proofs: (() => Promise<Proof>)[] = [
        async () => {
          const onProgress = (done: number, total: number) => progress.advance("people asked", done, total);
          const people = await readLegacyUsers(config.legacy.clerk);
          return proveUsers(target, openWorkos(config.target.workos), epoch, people, config.users, {
            fresh: options.fresh ?? false,
            onProgress,
          });
        },
        async () => {
          const rows = await atOneSnapshot(legacy, target, forward, config, epoch, () => proveRows(legacy, target, config));
          tables = rows.tables;
          return rows.proof;
        },
        () => proveReferences(target, config, { organizations: true }),
        ...config.proofs.map(
          ({ name, prove }) =>
            () =>
              fromConfigFunction(`proof ${name}`, () => prove({ legacy, target, targetUrl: config.target.mover })),
        ),
      ];
      const found: Proof[] = [];
      for (const [index, prove] of proofs.entries()) {
        const proofStartedAt = performance.now();
        const proof = await prove();
        await transaction(target, async () => {
          await holdEpoch(target, epoch);
          await saveProof(target, proof, epoch, (performance.now() - proofStartedAt) / 1000);
        });
        found.push(proof);
        progress.advance("proofs", index + 1, proofs.length);
      }
      const seconds = (performance.now() - startedAt) / 1000;
      await recordEvent(target, "verify", `${found.filter((proof) => proof.ok).length} of ${found.length} proofs hold`, seconds);
      return { proofs: found, tables, seconds };
    }),
  );
}

/** Proves a cohort at WorkOS. Notes nothing for the gate: that wants everybody. */
export async function verifyCohort(config: MoveConfig, ids: readonly string[]): Promise<Proof> {
  return withConnection(config.target.mover, "target", async (target) => {
    const epoch = await takeMove(target, "users");
    const people = await readLegacyUsers(config.legacy.clerk);
    return proveUsers(target, openWorkos(config.target.workos), epoch, people, config.users, { only: new Set(ids) });
  });
}

async function saveProof(target: ClientBase, proof: Proof, epoch: string, seconds: number): Promise<void> {
  await query(
    target,
    `note proof ${proof.name}`,
    `insert into rehome.proof (name, ok, checked, expected, figure, offenders, seconds, epoch) values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (name) do update set ok = excluded.ok, checked = excluded.checked, expected = excluded.expected, figure = excluded.figure,
            offenders = excluded.offenders, seconds = excluded.seconds, epoch = excluded.epoch, proved_at = now()`,
    [proof.name, proof.ok, proof.checked, proof.expected, proof.figure, [...proof.offenders], seconds, epoch],
  );
}
