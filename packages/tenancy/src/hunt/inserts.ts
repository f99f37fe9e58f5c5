import { escapeIdentifier, escapeLiteral } from "pg";
import { alternatives, cloneOf, representatives } from "./candidates.ts";
import { grantedColumns, keyIsReadable, mayInsert, mayRead, oneRow, type Probe, type Target } from "./probe.ts";
import type { Row } from "./types.ts";
import { relation } from "./world.ts";
import { BASES, writeProbe } from "./write-parts.ts";

// How many other owners are tried again beside the grants.
const OWNERS = 4;

/** Copies of every kind of row; copies made one's own; copies of which one column that says whose or what they are is another. */
export function insertProbes(target: Target): Probe[] {
  const { world, table, rule, persona } = target;
  const kinds = representatives(world, table);
  // Without any right to insert the first persona of a role tries all, the others a few, their own first.
  const isOwn = (row: Row) =>
    table.identities.some((name) => row[name] !== null && [persona.userId, persona.orgId].includes(row[name] as string));
  const few = [...kinds.filter(isOwn), ...kinds.filter((row) => !isOwn(row))].slice(0, BASES);
  const clones = (rule.insert || target.first ? kinds : few).map((row) => cloneOf(table, row));
  const tries: [way: string, row: Row][] = clones.map((row) => ["a copy", row]);
  for (const clone of rule.insert && target.allGranted ? clones : clones.slice(0, 1))
    tries.push(["a copy made one's own", ownCopy(target, clone)]);
  // A policy may let through what exists already, key and all: the unique key then stops it, and tells.
  if (target.allGranted)
    for (const row of rule.insert ? kinds.slice(0, BASES) : [...few, ...kinds.filter((one) => mayRead(target, one))].slice(0, OWNERS))
      tries.push(["the same again", row]);
  if (rule.insert) {
    const allowed = clones.filter((row) => mayInsert(target, row));
    // The policies alone refuse most of these; beside the grants a look at whose the row is will do.
    for (const base of (allowed.length > 0 ? allowed : clones).slice(0, target.allGranted ? BASES : 1)) {
      const changes = alternatives(target, base);
      const whose = changes.filter(({ column }) => table.identities.includes(column)).slice(0, OWNERS);
      for (const { column, value } of target.allGranted ? changes : whose)
        tries.push([`a copy with another ${column}`, { ...cloneOf(table, base), [column]: value }]);
    }
  }
  const probes = tries.map(([way, row]) => {
    const granted = mayInsert(target, row);
    return {
      ...writeProbe(target, "insert", ["insert", way], insertSql(target, row), oneRow(granted), granted),
      counts: { allowed: granted ? 1 : 0, all: 1 },
    };
  });
  return target.allGranted ? probes : [...probes, ...returningProbes(target, clones)];
}

/** INSERT … RETURNING shows the new row: it must be readable too, and what a trigger or a default put into it must be nobody else's. */
function returningProbes(target: Target, clones: readonly Row[]): Probe[] {
  if (!keyIsReadable(target) || !(target.rule.insert || target.first)) return [];
  const list = grantedColumns(target, "read").map(escapeIdentifier).join(", ");
  return clones.slice(0, BASES).map((row) => {
    const granted = mayInsert(target, row) && mayRead(target, row);
    const sql = `with x as (${insertSql(target, row)} returning ${list}) select row_to_json(x)::text from x`;
    return { ...writeProbe(target, "insert", ["returning", "insert"], sql, oneRow(granted), granted), answer: true, shows: true };
  });
}

export function insertSql(target: Target, row: Row): string {
  const { world, table } = target;
  const granted = grantedColumns(target, "insert");
  const columns = table.columns.filter(({ name, generated }) => !generated && (granted.length === 0 || granted.includes(name)));
  const list = columns.map(({ name }) => escapeIdentifier(name)).join(", ");
  const into = relation(world.schema, table.name);
  return `insert into ${into} (${list}) select ${list} from json_populate_record(null::${into}, ${escapeLiteral(JSON.stringify(row))}::json)`;
}

function ownCopy({ world, table, persona, personas }: Target, row: Row): Row {
  const copy: Record<string, unknown> = { ...row };
  const userIds = new Set(personas.map(({ userId }) => userId));
  for (const name of table.identities) {
    const ofUsers = (world.rows[table.name] ?? []).some((one) => userIds.has(one[name] as string));
    const own = ofUsers ? persona.userId : persona.orgId;
    if (own !== null) copy[name] = own;
  }
  return copy;
}
