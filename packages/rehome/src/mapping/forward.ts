import type { ColumnSource, TableMapping } from "../config/mapping.ts";
import type { Catalog, Table } from "../postgres/catalog.ts";
import { id, quote } from "../postgres/identifier.ts";
import { parkUnique } from "./park-unique.ts";

/** The statements that carry the rows of one legacy table into the target. They work on whatever rows the staging table holds. */
export interface ForwardTable {
  legacyTable: string;
  key: string;
  stage: string;
  createStage: string;
  /** On legacy, for COPY … TO: every row; a `where` may follow. */
  selectAll: string;
  copyIn: string;
  /** Notes legacy user ids that the staged rows name and the ledger does not know, so that a reference to them can come back on the way back. */
  unknownUsers: string[];
  /** Makes a guest of every address in the staged rows that nobody proved. */
  guests: string[];
  /** Notes which staged rows stay, and why. */
  leaveBehind: string | null;
  /** Writes the staged rows, main table first. `$1`: changed keys, or null for all. */
  upserts: { table: string; park: string[]; parkPeople: string[]; sql: string }[];
  /** Removes what legacy no longer has. `$1`: changed keys. */
  remove: string;
}

/** Compiles the forward half of a mapping. Call only after `mappingProblems` found nothing. */
export function compileForward(
  name: string,
  tables: Readonly<Record<string, TableMapping>>,
  legacy: Catalog,
  target: Catalog,
): ForwardTable {
  const mapping = tables[name] as TableMapping;
  const table = legacy.get(name) as Table;
  const key = table.primaryKey[0] as string;
  const stage = `rehome_stage.${id(name)}`;
  const columns = table.columns.map((column) => id(column.name)).join(", ");
  const scope: Scope = { name, mapping, tables, table, target, key, stage };
  return {
    legacyTable: name,
    key,
    stage,
    createStage: `create unlogged table if not exists ${stage} (${table.columns.map((column) => `${id(column.name)} ${column.isEnum ? "text" : column.type}`).join(", ")})`,
    selectAll: `select ${columns} from public.${id(name)}`,
    copyIn: `copy ${stage} (${columns}) from stdin`,
    unknownUsers: unknownUsers(scope),
    guests: guestStatements(scope),
    leaveBehind: mapping.owner.kind === "shared" && !mapping.references ? null : leaveBehind(scope),
    upserts: Object.keys(mapping.into).map((into, index) => ({
      table: into,
      park: park(scope, into),
      parkPeople: index === 0 && mapping.everyPerson ? parkPeople(scope, into, mapping.everyPerson.conflict) : [],
      sql: upsert(scope, into, index === 0),
    })),
    remove: mapping.everyPerson ? removePersonParts(scope) : remove(scope),
  };
}

interface Scope {
  name: string;
  mapping: TableMapping;
  tables: Readonly<Record<string, TableMapping>>;
  table: Table;
  target: Catalog;
  key: string;
  stage: string;
}

const mainOf = (mapping: TableMapping): string => Object.keys(mapping.into)[0] as string;
const keyOf = (catalog: Catalog, table: string): string => catalog.get(table)?.primaryKey[0] as string;
const emailKey = (sql: string): string => `rehome.email_key(${sql})`;

function unknownUsers(scope: Scope): string[] {
  const { owner, into } = scope.mapping;
  const columns = new Set<string>(owner.kind === "user" ? [owner.column] : []);
  for (const sources of Object.values(into))
    for (const source of Object.values(sources)) if (source.kind === "user") columns.add(source.column);
  return [...columns].map(
    (column) =>
      `insert into rehome.identity (legacy_user_id, moved) select distinct s.${id(column)}, false from ${scope.stage} s where s.${id(column)} is not null on conflict do nothing`,
  );
}

function guestStatements(scope: Scope): string[] {
  const columns = new Set<string>();
  for (const sources of Object.values(scope.mapping.into))
    for (const source of Object.values(sources)) if (source.kind === "party") columns.add(source.column);
  return [...columns].map(
    (column) => `
insert into rehome.guest (email_key, email)
select distinct on (${emailKey(`s.${id(column)}`)}) ${emailKey(`s.${id(column)}`)}, s.${id(column)}
  from ${scope.stage} s
 where s.${id(column)} is not null
   and not exists (select from rehome.left_behind b where b.legacy_table = ${quote(scope.name)} and b.key = s.${id(scope.key)}::text)
   and not exists (select from rehome.address a join rehome.identity i using (legacy_user_id)
                    where i.moved and a.verified and a.email_key = ${emailKey(`s.${id(column)}`)})
 order by ${emailKey(`s.${id(column)}`)}, s.${id(column)}
    on conflict (email_key) do nothing`,
  );
}

/** The owner decides first, then the rows that this one must reference. */
function leaveBehind(scope: Scope): string {
  const { mapping, name, key, stage } = scope;
  const cases: string[] = [];
  const joins: string[] = [];
  const { owner } = mapping;
  if (owner.kind === "user") {
    joins.push(
      `left join rehome.identity o on o.legacy_user_id = s.${id(owner.column)}`,
      `left join rehome.disposition d on d.legacy_user_id = s.${id(owner.column)}`,
    );
    cases.push(
      "when d.disposition is null then 'owner_unknown'",
      "when d.disposition = 'hold' then 'owner_held'",
      "when d.disposition = 'exclude' then 'owner_excluded'",
      "when d.disposition = 'refused' then 'owner_refused'",
    );
  }
  Object.entries(mapping.references ?? {}).forEach(([column, parent], index) => {
    const alias = `b${index}`;
    joins.push(
      `left join rehome.left_behind ${alias} on ${alias}.legacy_table = ${quote(parent)} and ${alias}.key = s.${id(column)}::text`,
    );
    const inherited = owner.kind === "through" && owner.column === column;
    cases.push(`when ${alias}.key is not null then ${inherited ? `${alias}.reason` : "'parent_left_behind'"}`);
  });
  return `
insert into rehome.left_behind (legacy_table, key, reason)
select ${quote(name)}, key, reason
  from (select s.${id(key)}::text as key, case ${cases.join(" ")} end as reason from ${stage} s ${joins.join(" ")}) judged
 where reason is not null
    on conflict (legacy_table, key) do update set reason = excluded.reason`;
}

function upsert(scope: Scope, into: string, isMain: boolean): string {
  const sources = scope.mapping.into[into] as Readonly<Record<string, ColumnSource>>;
  const table = scope.target.get(into) as Table;
  const types = new Map(table.columns.map((column) => [column.name, column]));
  const columns = Object.keys(sources);
  const values = columns.map((column) => {
    const sql = expression(scope, sources[column] as ColumnSource);
    const type = types.get(column);
    return type?.isEnum || type?.type === "json" ? `(${sql})::text::${type.type}` : sql;
  });
  const conflict = isMain && scope.mapping.everyPerson ? scope.mapping.everyPerson.conflict : (table.primaryKey[0] as string);
  const updates = columns.filter((column) => column !== conflict).map((column) => `${id(column)} = excluded.${id(column)}`);
  return `
insert into public.${id(into)} (${columns.map(id).join(", ")})
select ${values.join(",\n       ")}
  ${isMain && scope.mapping.everyPerson ? fromPeople(scope, into) : fromStage(scope)}
    on conflict (${id(conflict)}) do ${updates.length > 0 ? `update set ${updates.join(", ")}` : "nothing"}`;
}

/** Only what is carried as it is can be compared with the staged rows; keys made of ids of people do not change hands. */
function park(scope: Scope, into: string): string[] {
  const sources = scope.mapping.into[into] as Readonly<Record<string, ColumnSource>>;
  const table = scope.target.get(into) as Table;
  const key = sources[table.primaryKey[0] as string];
  if (key?.kind !== "same" && key?.kind !== "personOr") return [];
  return parkUnique(table, scope.stage, key.column, (column) => {
    const source = sources[column];
    return source?.kind === "same" ? source.column : undefined;
  });
}

/** Sets aside unique values that people exchange at Clerk, such as usernames. */
function parkPeople(scope: Scope, into: string, owner: string): string[] {
  const sources = scope.mapping.into[into] as Readonly<Record<string, ColumnSource>>;
  const table = scope.target.get(into) as Table;
  const isUnique = (column: string) => table.uniqueKeys.some((key) => key.length === 1 && key[0] === column);
  return Object.entries(sources).flatMap(([column, source]) => {
    const type = table.columns.find((one) => one.name === column);
    if (source.kind !== "person" || column === owner || !isUnique(column) || type?.type !== "text") return [];
    const aside = type.notNull ? `'rehome ' || o.row_id::text` : "null";
    return [
      `update public.${id(into)} t set ${id(column)} = ${aside} from rehome.identity o
        where o.moved and o.workos_user_id = t.${id(owner)} and t.${id(column)} is distinct from o.${id(source.field)}`,
    ];
  });
}

function fromStage(scope: Scope): string {
  const { mapping, name, key, stage, target } = scope;
  const joins: string[] = [];
  const { owner } = mapping;
  if (owner.kind === "user") joins.push(`join rehome.identity o on o.legacy_user_id = s.${id(owner.column)} and o.moved`);
  const conditions = [
    `not exists (select from rehome.left_behind b where b.legacy_table = ${quote(name)} and b.key = s.${id(key)}::text)`,
    "($1::text[] is null or true)",
  ];
  Object.entries(mapping.references ?? {}).forEach(([column, parent], index) => {
    const parentTable = mainOf(scope.tables[parent] as TableMapping);
    const alias = `r${index}`;
    joins.push(`left join public.${id(parentTable)} ${alias} on ${alias}.${id(keyOf(target, parentTable))} = s.${id(column)}`);
    // A parent that is not there yet was written after its table was copied: the change log brings both rows.
    conditions.push(`(s.${id(column)} is null or ${alias}.${id(keyOf(target, parentTable))} is not null)`);
  });
  return `from ${stage} s ${joins.join(" ")} where ${conditions.join(" and ")}`;
}

/** Whom Clerk does not know (refused on a way back: no organization type) stays as the product wrote him. Every moved person on a full pass; on a pass over changed keys only the people whose legacy row came, changed or went. */
function fromPeople(scope: Scope, into: string): string {
  const { owner } = scope.mapping;
  const ownerColumn = owner.kind === "user" ? owner.column : "";
  const pk = id(keyOf(scope.target, into));
  const conflict = id(scope.mapping.everyPerson?.conflict ?? "");
  return `from rehome.identity o left join ${scope.stage} s on s.${id(ownerColumn)} = o.legacy_user_id
 where o.moved and o.workos_user_id is not null and o.organization_type is not null
   and ($1::text[] is null or s.${id(scope.key)} is not null
        or exists (select from public.${id(into)} t where t.${conflict} = o.workos_user_id and t.${pk}::text = any($1)))`;
}

function expression(scope: Scope, source: ColumnSource): string {
  const column = "column" in source ? `s.${id(source.column)}` : "";
  switch (source.kind) {
    case "same":
      return column;
    case "utc":
      return `${column} at time zone 'UTC'`;
    case "user":
      return `(select coalesce(u.workos_user_id, u.stand_in) from rehome.identity u where u.legacy_user_id = ${column})`;
    case "ownerUser":
      return "o.workos_user_id";
    case "ownerOrg":
      return ownerOrganization(scope);
    case "party":
      return `coalesce(
         (select i.workos_organization_id from rehome.address a join rehome.identity i using (legacy_user_id)
           where i.moved and a.verified and a.email_key = ${emailKey(column)} limit 1),
         (select g.org_id from rehome.guest g where g.email_key = ${emailKey(column)}))`;
    case "parentColumn":
      return `${referenceAlias(scope, source.reference)}.${id(source.column)}`;
    case "person":
      return `o.${id(source.field)}`;
    case "personOr":
      return `coalesce(${column}${source.zone ? " at time zone 'UTC'" : ""}, o.${id(source.field)})`;
    case "personFirst":
      return `coalesce(o.${id(source.field)}, ${column})`;
    case "hasLegacyRow":
      return `(s.${id(scope.key)} is not null)`;
    case "literal":
      return typeof source.value === "string" ? quote(source.value) : String(source.value);
  }
}

function ownerOrganization(scope: Scope): string {
  const { owner } = scope.mapping;
  return owner.kind === "through"
    ? `${referenceAlias(scope, owner.column)}.${id("org_id")}`
    : "coalesce(o.workos_practice_id, o.workos_organization_id)";
}

function referenceAlias(scope: Scope, column: string): string {
  return `r${Object.keys(scope.mapping.references ?? {}).indexOf(column)}`;
}

function remove(scope: Scope): string {
  const main = mainOf(scope.mapping);
  const pk = `t.${id(keyOf(scope.target, main))}::text`;
  return `
delete from public.${id(main)} t
 where ${pk} = any($1)
   and (not exists (select from ${scope.stage} s where s.${id(scope.key)}::text = ${pk})
        or exists (select from rehome.left_behind b where b.legacy_table = ${quote(scope.name)} and b.key = ${pk}))`;
}

/** A person stays when the legacy row goes; only what hangs on that row goes with it. */
function removePersonParts(scope: Scope): string {
  const parts = Object.keys(scope.mapping.into).slice(1);
  const statements = parts.map((part, index) => {
    const pk = `t.${id(keyOf(scope.target, part))}::text`;
    return `p${index} as (delete from public.${id(part)} t where ${pk} = any($1) and not exists (select from ${scope.stage} s where s.${id(scope.key)}::text = ${pk}))`;
  });
  return `with ${statements.join(",\n")} select`;
}
