import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import { recordEvent, takeMove } from "../ledger/ledger.ts";
import { readCatalog } from "../postgres/catalog.ts";
import { withConnection } from "../postgres/connect.ts";
import { query } from "../postgres/query.ts";
import type { Progress } from "../progress.ts";
import { type CopyFigures, copyAll } from "./copy.ts";
import { compileAll } from "./forward-pass.ts";

/** Copies all rows and carries what changed since. May be run again; goes on where it stopped. */
export async function runCopy(config: MoveConfig, progress: Progress): Promise<CopyFigures & { seconds: number }> {
  const startedAt = performance.now();
  return withConnection(config.legacy.database, "legacy", (legacy) =>
    withConnection(config.target.mover, "target", async (target) => {
      const epoch = await takeMove(target, "copy");
      const [open] = await query<{ decided: number; missing: number }>(
        target,
        "check the identity map",
        `select (select count(*)::int from rehome.disposition) as decided,
                count(*) filter (where moved and (workos_user_id is null or workos_organization_id is null or workos_membership_id is null
                                       or (practice_type is not null and (workos_practice_id is null or workos_practice_membership_id is null))))::int as missing
           from rehome.identity i left join rehome.disposition d using (legacy_user_id)
          where d.disposition is distinct from 'hold'`,
      );
      if (!open || open.decided === 0 || open.missing > 0) {
        throw new MoveError(
          "PHASE_REFUSED",
          `Rows need the people first: ${open?.missing ?? 0} of those who move have no WorkOS user yet.`,
          { next: "Run `rehome users`, then `rehome copy`." },
        );
      }
      progress.step("copy");
      const tables = compileAll(config, await readCatalog(legacy, "legacy"), await readCatalog(target, "the target"));
      const figures = await copyAll(legacy, target, tables, config, epoch, (done, total) => progress.advance("tables", done, total));
      const seconds = (performance.now() - startedAt) / 1000;
      await recordEvent(target, "copy", `${figures.rows} rows of ${figures.tables} tables, ${figures.changes} changes`, seconds);
      return { ...figures, seconds };
    }),
  );
}
