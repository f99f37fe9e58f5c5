import type { Thing } from "./installed.ts";

/** The word before an object's name in GRANT and ALTER. */
const wordOf = ({ kind }: Thing) => (kind === "table" ? "table" : kind);
const fact = (thing: Thing, name: string) => String(thing.facts[name] ?? "");

/** Statements that make what is missing; none where installGuard makes it. A table comes with its columns. */
export function make(thing: Thing, columns: readonly Thing[]): string[] {
  const { name, on } = thing;
  const rights = (thing.facts.rights ?? []).filter((right) => !right.endsWith(" to owner")).map((right) => grant(thing, right));
  switch (thing.kind) {
    case "sequence":
      return [`create sequence ${name} ${fact(thing, "numbers")}`, owned(thing), ...rights];
    case "table":
      return [`create table ${name} (${columns.map(columnText).join(", ")})`, owned(thing), ...rowSecurity(thing), ...rights];
    case "column":
      return [`alter table ${on} add column ${columnText(thing)}`];
    case "constraint":
      return [`alter table ${on} add constraint ${name} ${fact(thing, "definition")}`];
    case "index":
      return [fact(thing, "definition")];
    case "trigger":
      return [fact(thing, "definition"), triggerState(thing)];
    case "function":
      return isTriggerFunction(thing) ? functionSql(thing) : [];
    default:
      return [];
  }
}

/** What takes away something that does not belong there. */
export function unmake({ kind, name, on }: Thing): string {
  if (kind === "column" || kind === "constraint") return `alter table ${on} drop ${kind} if exists ${name}`;
  return `drop ${kind} if exists ${name}${on === null || kind === "index" ? "" : ` on ${on}`}`;
}

/** What makes the facts `other` of something that is there what they should be. */
export function change(wanted: Thing, found: Thing, other: readonly string[]): { sql: string[]; install: boolean } {
  const owner = other.includes("owner") ? [owned(wanted)] : [];
  switch (wanted.kind) {
    case "function":
      return changeFunction(wanted, found, other, owner);
    case "sequence":
      return {
        sql: [...owner, ...(other.includes("numbers") ? [`alter sequence ${wanted.name} ${fact(wanted, "numbers")}`] : [])],
        install: false,
      };
    case "table": {
      const logged = other.includes("storage") ? [`alter table ${wanted.name} set logged`] : [];
      return { sql: [...owner, ...logged, ...(other.includes("row security") ? rowSecurity(wanted) : [])], install: false };
    }
    case "column":
      return { sql: [changeColumn(wanted, other)], install: false };
    case "constraint":
      if (!other.includes("definition")) return { sql: fact(found, "enforced").split("; "), install: false };
      return { sql: [unmake(found), ...make(wanted, [])], install: false };
    case "index":
      return { sql: [unmake(found), ...make(wanted, [])], install: false };
    case "trigger":
      if (!other.includes("definition")) return { sql: [triggerState(wanted)], install: false };
      return { sql: [unmake(found), ...make(wanted, [])], install: false };
    default:
      return { sql: owner, install: false };
  }
}

/** What installing again cannot do: take a function from another owner, and change its arguments or what it returns. */
function changeFunction(wanted: Thing, found: Thing, other: readonly string[], owner: string[]): { sql: string[]; install: boolean } {
  const [first] = other;
  if (other.length === 1 && first === "owner") return { sql: owner, install: false };
  const before = isMadeAnew(wanted, other) ? [unmake(found)] : owner;
  return isTriggerFunction(wanted) ? { sql: [...before, ...functionSql(wanted)], install: false } : { sql: before, install: true };
}

/** A function whose shape is another is dropped first, and its rights with it. */
export const isMadeAnew = (wanted: Thing, other: readonly string[]): boolean =>
  wanted.kind === "function" && (other.includes("arguments") || other.includes("result"));

export function grant(thing: Thing, right: string): string {
  return `grant ${rightOn(thing, right)}`;
}

export function revoke(thing: Thing, right: string): string {
  const [privilege, role] = right.split(" to ");
  return `revoke ${privilege} on ${wordOf(thing)} ${thing.name} from ${role}`;
}

function rightOn(thing: Thing, right: string): string {
  const [privilege, role] = right.split(" to ");
  return `${privilege} on ${wordOf(thing)} ${thing.name} to ${role === "owner" ? fact(thing, "owner") : role}`;
}

const owned = (thing: Thing) => `alter ${wordOf(thing)} ${thing.name} owner to ${fact(thing, "owner")}`;
const triggerState = (thing: Thing) => `alter table ${thing.on} ${fact(thing, "state")} trigger ${thing.name}`;

/** Of the functions, installing makes all again but those of triggers: they came with the tables. */
const isTriggerFunction = (thing: Thing) => fact(thing, "result") === "trigger";

function functionSql(thing: Thing): string[] {
  const { name } = thing;
  const settings = fact(thing, "settings").replace("=", " = ");
  return [
    `create or replace function ${name} returns ${fact(thing, "result")} ${fact(thing, "attributes")} set ${settings} as $body$${fact(thing, "body")}$body$`,
    owned(thing),
    `revoke all on function ${name} from public`,
  ];
}

function rowSecurity(thing: Thing): string[] {
  const state = fact(thing, "row security");
  const [enable, force] = [state === "off" ? "disable" : "enable", state === "forced" ? "force" : "no force"];
  return [`alter table ${thing.name} ${enable} row level security`, `alter table ${thing.name} ${force} row level security`];
}

function columnText(column: Thing): string {
  const start = fact(column, "default");
  return `${column.name} ${fact(column, "type")}${start && ` default ${start}`}${fact(column, "null") === "no" ? " not null" : ""}`;
}

function changeColumn(column: Thing, other: readonly string[]): string {
  const start = fact(column, "default");
  const parts = [
    ...(other.includes("type") ? [`type ${fact(column, "type")} using ${column.name}::${fact(column, "type")}`] : []),
    ...(other.includes("default") ? [start ? `set default ${start}` : "drop default"] : []),
    ...(other.includes("null") ? [`${fact(column, "null") === "no" ? "set" : "drop"} not null`] : []),
  ];
  return `alter table ${column.on} ${parts.map((part) => `alter column ${column.name} ${part}`).join(", ")}`;
}
