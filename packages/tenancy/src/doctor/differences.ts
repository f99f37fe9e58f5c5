import { KINDS, type Thing } from "./installed.ts";
import * as mend from "./mends.ts";

/** Something in the guard's schema that is not as this version installs it. */
export interface Difference {
  kind: Thing["kind"];
  /** What is different, of what; empty where another difference tells it (the column of a table that is missing). */
  what: string;
  /** Of who may what: mended when the things are there. */
  rights: boolean;
  /** More than is installed, which harms less than what is missing. */
  more: boolean;
  /** Statements that mend it, in order. */
  sql: string[];
  /** Installing again mends it, after the statements. */
  install: boolean;
}

/** Expected and found, object by object; in the order in which the mends can be run. */
export function differences(expected: readonly Thing[], found: readonly Thing[]): Difference[] {
  const there = new Map(found.map((thing) => [keyOf(thing), thing]));
  const wanted = new Map(expected.map((thing) => [keyOf(thing), thing]));
  const gone = new Set(expected.filter((thing) => thing.kind === "table" && !there.has(keyOf(thing))).map(({ name }) => name));
  const missingOrOther = expected.flatMap((thing) => {
    const real = there.get(keyOf(thing));
    if (real) return compare(thing, real);
    return missing(thing, expected, gone);
  });
  const unknown = found.filter((thing) => !wanted.has(keyOf(thing)));
  const tables = new Set(unknown.filter(({ kind }) => kind === "table").map(({ name }) => name));
  const strange = unknown.filter(({ on }) => on === null || !tables.has(on)).map(strangeThing);
  return [...missingOrOther, ...strange].sort(
    (a, b) => Number(a.rights) - Number(b.rights) || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind),
  );
}

const keyOf = ({ kind, name, on }: Thing) => `${kind} ${name} ${on ?? ""}`;

/** As a reader knows it: `auth.org_id()`, `auth.jwk.kid`, `trigger revise of auth.issuer`. */
function labelOf({ kind, name, on }: Thing): string {
  if (kind === "schema") return `schema ${name}`;
  if (kind === "column") return `${on}.${name}`;
  return on === null || kind === "index" ? name : `${kind} ${name} of ${on}`;
}

function missing(thing: Thing, expected: readonly Thing[], gone: ReadonlySet<string>): Difference[] {
  // The event trigger and its function are another check's: not everybody may install them.
  if (thing.name.endsWith(".refuse_utility()")) return [];
  const hidden = thing.on !== null && gone.has(thing.on);
  if (hidden && thing.kind === "column") return []; // made with the table
  const columns = expected.filter(({ kind, on }) => kind === "column" && on === thing.name);
  const sql = mend.make(thing, columns);
  return [
    { kind: thing.kind, what: hidden ? "" : `${labelOf(thing)} is missing`, rights: false, more: false, sql, install: sql.length === 0 },
  ];
}

function strangeThing(thing: Thing): Difference {
  // A trigger, rule or policy on a table of the guard can undo what the guard writes or hide what it reads.
  const more = !["trigger", "rule", "policy"].includes(thing.kind);
  return {
    kind: thing.kind,
    what: `${labelOf(thing)} is not of this version`,
    rights: false,
    more,
    sql: [mend.unmake(thing)],
    install: false,
  };
}

function compare(wanted: Thing, found: Thing): Difference[] {
  const { rights: _wanted, ...facts } = wanted.facts;
  const other = Object.keys(facts).filter((fact) => wanted.facts[fact] !== null && wanted.facts[fact] !== found.facts[fact]);
  const result: Difference[] = [];
  if (other.length > 0) {
    const { sql, install } = mend.change(wanted, found, other);
    const what = `${labelOf(wanted)}: ${other.map((fact) => factText(fact, wanted, found)).join(", ")}`;
    result.push({ kind: wanted.kind, what, rights: false, more: false, sql, install });
    if (mend.isMadeAnew(wanted, other)) return result;
  }
  return [...result, ...lostRights(wanted, found), ...extraRights(wanted, found)];
}

function factText(fact: string, wanted: Thing, found: Thing): string {
  if (fact === "enforced") return "its own triggers are switched off";
  if (fact === "state") return `it is set to "${found.facts[fact]}", not to "${wanted.facts[fact]}"`;
  if (fact === "body") return "another body";
  const long = [wanted.facts[fact], found.facts[fact]].some((text) => String(text).length > 60);
  return long ? `another ${fact}` : `${fact} is ${found.facts[fact] || "none"}, not ${wanted.facts[fact] || "none"}`;
}

function lostRights(wanted: Thing, found: Thing): Difference[] {
  const lost = (wanted.facts.rights ?? []).filter((right) => !found.facts.rights?.includes(right));
  if (lost.length === 0) return [];
  const sql = lost.map((right) => mend.grant(wanted, right));
  return [{ kind: wanted.kind, what: `${labelOf(wanted)}: lost ${lost.join(", ")}`, rights: true, more: false, sql, install: false }];
}

/** Doors of the guard (what `authenticated` may call), revoke_session and USAGE of the schema may be given to further roles. */
function extraRights(wanted: Thing, found: Thing): Difference[] {
  const rights = wanted.facts.rights ?? [];
  const open = rights.includes("EXECUTE to authenticated") || wanted.name.endsWith(".revoke_session(text)");
  const extra = (found.facts.rights ?? []).filter((right) => !rights.includes(right) && !open && !right.startsWith("USAGE to "));
  if (extra.length === 0) return [];
  const sql = extra.map((right) => mend.revoke(wanted, right));
  return [{ kind: wanted.kind, what: `${labelOf(wanted)}: also ${extra.join(", ")}`, rights: true, more: true, sql, install: false }];
}
