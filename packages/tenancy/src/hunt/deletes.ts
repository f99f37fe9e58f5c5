import { escapeLiteral } from "pg";
import { representatives } from "./candidates.ts";
import { keyIsReadable, mayDelete, mayRead, oneRow, type Probe, sameCount, sameKeys, type Target } from "./probe.ts";
import { keySql, relation } from "./world.ts";
import { writeProbe } from "./write-parts.ts";

/** All rows unseen, all rows with their keys; by key where other tables refer to these rows and their foreign keys are on. */
export function deleteProbes(target: Target): Probe[] {
  const { world, table, rule, keys } = target;
  const from = relation(world.schema, table.name);
  const rows = world.rows[table.name] ?? [];
  const gone = rows.filter((row) => mayDelete(target, row));
  const seenGone = gone.filter((row) => mayRead(target, row));
  const referenced = Object.values(world.tables).some(({ foreignKeys }) => foreignKeys.some((key) => key.table === table.name));
  const readableKey = keyIsReadable(target);
  const probes: Probe[] = [];
  if (gone.length === 0 || !referenced || target.triggersOff) {
    probes.push(
      writeProbe(
        target,
        "delete",
        ["delete", "all rows unseen"],
        `delete from ${from}`,
        sameCount(gone.length, rule.delete !== undefined),
        gone.length > 0,
      ),
    );
    const sql = `with x as (delete from ${from} returning ${keySql(table.key)} as k) select coalesce(json_agg(k), '[]')::text from x`;
    const judge = sameKeys(
      seenGone.map((row) => keys.get(row) ?? ""),
      rule.delete !== undefined && readableKey,
    );
    probes.push({
      ...writeProbe(target, "delete", ["delete", "with their keys"], sql, judge, seenGone.length > 0),
      answer: true,
      counts: { allowed: seenGone.length, all: rows.length },
    });
    return probes;
  }
  for (const row of representatives(world, table)) {
    const allowed = seenGone.includes(row);
    const sql = `delete from ${from} where ${keySql(table.key)} = ${escapeLiteral(keys.get(row) ?? "")}`;
    probes.push({
      ...writeProbe(target, "delete", ["delete", "by key"], sql, oneRow(allowed), allowed),
      counts: { allowed: allowed ? 1 : 0, all: 1 },
    });
  }
  return probes;
}
