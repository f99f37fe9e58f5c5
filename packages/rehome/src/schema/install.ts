import { createHash } from "node:crypto";
import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { installCapture, type WatchedTable } from "../copy/capture.ts";
import { fromConfigFunction, MoveError } from "../errors.ts";
import { installLedger, takeMove } from "../ledger/ledger.ts";
import { mappingProblems } from "../mapping/check.ts";
import { type Catalog, readCatalog } from "../postgres/catalog.ts";
import { withConnection } from "../postgres/connect.ts";
import { id } from "../postgres/identifier.ts";
import { query } from "../postgres/query.ts";
import { type FoundTable, readTables, shownName } from "../postgres/tables.ts";
import type { Progress } from "../progress.ts";

export interface SchemaFigures {
  targetTables: number;
  watchedOnLegacy: number;
  watchedOnTarget: number;
}

/**
 * Prepares both databases: the product's target schema, the ledger, change capture on legacy (open) and on the target (closed until the
 * cutover). May be run again.
 *
 * @throws MoveError TARGET_NOT_OURS when the target holds rows that no ledger accounts for, MAPPING_INCOMPLETE, PHASE_REFUSED
 */
export async function installSchema(config: MoveConfig, progress: Progress): Promise<SchemaFigures> {
  const moverOnTarget = roleOf(config.target.mover);
  return withConnection(config.legacy.database, "legacy", (legacy) =>
    withConnection(config.target.owner, "target", async (owner) => {
      // Two installers at once would meet in the catalog; the lock ends with the connection.
      await query(owner, "wait for another `rehome schema`", "select pg_advisory_lock(hashtext('rehome schema'))");
      // Where a ledger is there, it says whether this may be done now; a target that serves is not touched.
      if (await refuseForeignRows(owner, config.name)) await takeMove(owner, "schema");
      progress.step("target schema");
      await fromConfigFunction("target.applySchema", () => config.target.applySchema(owner));
      const legacyCatalog = await readCatalog(legacy, "legacy");
      const targetCatalog = await readCatalog(owner, "the target");
      const found = await readTables(legacy, "legacy");
      const problems = mappingProblems(config.tables, config.stays, legacyCatalog, targetCatalog, found);
      if (problems.length > 0) {
        throw new MoveError("MAPPING_INCOMPLETE", `The mapping does not fit both databases: ${problems.join("; ")}.`, {
          next: "Correct `tables` in rehome.config.ts and run the command again.",
        });
      }
      progress.step("ledger");
      await installLedger(owner, config.name, mappingSha(config), moverOnTarget);
      progress.step("change capture");
      const watched = Object.keys(config.tables).map((name) => ({ name, key: keyOf(legacyCatalog, name) }));
      await installCapture(legacy, [...watched, ...fencedOnly(config, found)], roleOf(config.legacy.database), "open");
      const onTarget = watchedOnTarget(config, targetCatalog);
      await installCapture(owner, onTarget, moverOnTarget, "closed");
      await query(
        owner,
        "grant the change log to the mover",
        `grant all on all tables in schema rehome to ${id(moverOnTarget)}; grant all on all sequences in schema rehome to ${id(moverOnTarget)}`,
      );
      return {
        targetTables: targetCatalog.size,
        watchedOnLegacy: watched.length,
        watchedOnTarget: onTarget.filter((table) => table.key !== null).length,
      };
    }),
  );
}

/** The user name of a database URL. */
export const roleOf = (url: string): string => decodeURIComponent(new URL(url).username);

/** Fingerprint of what a move carries; kept as it was when the move was opened; nothing compares it yet. */
export function mappingSha(config: MoveConfig): string {
  return createHash("sha256")
    .update(JSON.stringify([config.tables, config.stays]))
    .digest("hex");
}

const keyOf = (catalog: Catalog, table: string): string => catalog.get(table)?.primaryKey[0] ?? "id";

/** What stays is not followed, but it is fenced where the mover may: after the switch the old product writes nothing more. */
function fencedOnly(config: MoveConfig, found: readonly FoundTable[]): WatchedTable[] {
  return found.filter((table) => table.ours && config.stays[shownName(table)]).map(({ schema, name }) => ({ schema, name, key: null }));
}

/** Every table of the target is fenced; what maps to a legacy table is followed too, and its main table keeps the keys of rows that stay. */
function watchedOnTarget(config: MoveConfig, catalog: Catalog): WatchedTable[] {
  const watched = new Map<string, WatchedTable>([...catalog.keys()].map((name) => [name, { name, key: null }]));
  for (const [legacyTable, mapping] of Object.entries(config.tables)) {
    Object.keys(mapping.into).forEach((name, index) => {
      watched.set(name, { name, key: keyOf(catalog, name), ...(index === 0 ? { legacyTable } : {}) });
    });
  }
  return [...watched.values()];
}

/**
 * Rows that this ledger did not write are somebody's; a move into them could not tell its own from theirs.
 *
 * @returns whether the ledger of this move is there
 */
async function refuseForeignRows(owner: ClientBase, moveName: string): Promise<boolean> {
  const [ledger] = await query<{ there: boolean }>(owner, "look for the ledger", "select to_regclass('rehome.move') is not null as there");
  const [move] = ledger?.there ? await query<{ name: string }>(owner, "read whose ledger it is", "select name from rehome.move") : [];
  if (move && move.name !== moveName) {
    throw new MoveError("TARGET_NOT_OURS", `The target holds the ledger of another move, "${move.name}"; this one is "${moveName}".`, {
      next: "Name an empty target database in rehome.config.ts, or give this move its old name again.",
    });
  }
  if (move) return true;
  const filled: string[] = [];
  for (const table of (await readCatalog(owner, "the target")).values()) {
    const [row] = await query<{ some: boolean }>(
      owner,
      `look into ${table.name}`,
      `select exists (select from public.${id(table.name)}) as some`,
    );
    if (row?.some) filled.push(table.name);
  }
  if (filled.length === 0) return false;
  throw new MoveError("TARGET_NOT_OURS", `The target holds rows that no ledger accounts for: ${filled.join(", ")}.`, {
    next: "Name an empty target database in rehome.config.ts, or remove these tables if nobody needs them.",
  });
}
