import { isDeepStrictEqual } from "node:util";
import type { Answers, Symbolic, TargetRow, TargetValue } from "@rehome/eleva-legacy";
import type { WorkOS } from "@workos-inc/node";
import pg from "pg";
import { judge, type Proof } from "rehome";
import { idsByExternalId } from "./workos.ts";

/**
 * Proves that the target holds what the answer file says: how many rows each table has, and up to fifty rows of each legacy table column by
 * column. The answers come from rules written by hand, which share nothing with the mapping.
 *
 * @param target a connection past row security
 */
export async function proveAnswers(target: pg.Client, workos: WorkOS, answers: Answers): Promise<Proof> {
  const lookUp = await symbols(target, workos);
  const offenders: string[] = [];
  const rowAnswers = Object.values(answers.rows).reduce((sum, rows) => sum + rows.length, 0);
  if (rowAnswers === 0 || answers.persons.length === 0) offenders.push("the answer file names no rows or no people");
  let checked = 0;
  let expected = 0;
  for (const [table, count] of Object.entries(answers.targetCounts)) {
    expected += 1;
    checked += 1;
    const { rows } = await target.query<{ n: number }>(`select count(*)::int as n from public.${pg.escapeIdentifier(table)}`);
    if (rows[0]?.n !== count) offenders.push(`${table}: ${rows[0]?.n} rows, the answer file says ${count}`);
  }
  const left = await target.query<{ name: string; key: string; reason: string }>(
    "select legacy_table as name, key, reason from rehome.left_behind",
  );
  const reasonByKey = new Map(left.rows.map((row) => [`${row.name} ${row.key}`, row.reason]));
  const compare = async (rows: readonly TargetRow[], who: string) => {
    expected += rows.length;
    for (const row of rows) {
      const wrong = await differences(target, row, lookUp, who);
      if (wrong !== "not there") checked += 1;
      offenders.push(...(wrong === "not there" ? [`${who}: no row in ${row.table}, or nothing at WorkOS that it names`] : wrong));
    }
  };
  for (const [legacyTable, rows] of Object.entries(answers.rows)) {
    for (const answer of rows) {
      expected += 1;
      checked += 1;
      const reason = reasonByKey.get(`${legacyTable} ${answer.key}`);
      if (reason !== answer.leftBehind)
        offenders.push(
          `${legacyTable} ${answer.key}: left behind for ${reason ?? "no reason"}, expected ${answer.leftBehind ?? "to move"}`,
        );
      await compare(answer.target ?? [], `${legacyTable} ${answer.key}`);
    }
  }
  for (const person of answers.persons) await compare(person.target, person.clerkId);
  return judge({
    name: "answers",
    checked,
    expected,
    figure: `${expected} counts, fates and rows of the answer file, column by column`,
    offenders,
  });
}

type LookUp = (value: Symbolic) => unknown;

async function symbols(target: pg.Client, workos: WorkOS): Promise<LookUp> {
  const ids = await idsByExternalId(workos);
  const guests = await target.query<{ key: string; id: string }>("select email_key as key, org_id as id from guests");
  const ledger = await target.query<{ id: string; stand_in: string; row_id: string }>(
    "select legacy_user_id as id, stand_in, row_id::text as row_id from rehome.identity",
  );
  const guestByKey = new Map(guests.rows.map((row) => [row.key, row.id]));
  const ledgerById = new Map(ledger.rows.map((row) => [row.id, row]));
  return (value) => {
    if ("$user" in value) return ids.users.get(value.$user);
    if ("$org" in value) return ids.organizations.get(value.$org);
    if ("$practice" in value) return ids.organizations.get(`practice:${value.$practice}`);
    if ("$guestOrg" in value) return guestByKey.get(value.$guestOrg);
    if ("$standIn" in value) return ledgerById.get(value.$standIn)?.stand_in;
    if ("$rowId" in value) return ledgerById.get(value.$rowId)?.row_id;
    return value.$json;
  };
}

/** Columns that differ of the row that is there; it is found by the columns that identify it in the answer. */
async function differences(target: pg.Client, expected: TargetRow, lookUp: LookUp, who: string): Promise<string[] | "not there"> {
  const wanted = Object.entries(expected.row).map(([column, value]) => [column, resolve(value, lookUp), isJson(value)] as const);
  if (wanted.some(([, value]) => value === undefined)) return "not there";
  const keys = identifying(expected);
  const where = keys.map((column, index) => `${pg.escapeIdentifier(column)}::text = $${index + 1}`).join(" and ");
  const values = keys.map((key) => String(wanted.find(([column]) => column === key)?.[1]));
  const columns = wanted.map(([column]) => `${pg.escapeIdentifier(column)}::text as ${pg.escapeIdentifier(column)}`).join(", ");
  const types = await typesOf(target, expected.table);
  const { rows } = await target.query<Record<string, string | null>>(
    `select ${columns} from public.${pg.escapeIdentifier(expected.table)} where ${where}`,
    values,
  );
  const found = rows[0];
  if (!found) return "not there";
  return wanted
    .filter(([column, value, json]) => !same(found[column] ?? null, value, json, types.get(column) ?? ""))
    .map(([column]) => `${who}: ${expected.table}.${column} differs`);
}

const KEYS = ["id", "profile_id", "service_id", "meeting_id", "user_row_id", "pack_id", "event_id"];

function identifying({ table, row }: TargetRow): string[] {
  const parts: Readonly<Record<string, string[]>> = {
    memberships: ["org_id", "workos_user_id"],
    platform_roles: ["workos_user_id", "role"],
    user_emails: ["workos_user_id", "email"],
    expert_setup: ["workos_user_id"],
    service_stripe: ["service_id"],
  };
  const key = KEYS.find((column) => column in row);
  return parts[table] ?? (key ? [key] : []);
}

const isJson = (value: TargetValue): boolean => typeof value === "object" && value !== null && "$json" in value;

function resolve(value: TargetValue, lookUp: LookUp): unknown {
  return typeof value === "object" && value !== null ? lookUp(value) : value;
}

/** The found side is Postgres text; the expected side a plain value: compare by what the column's type means. */
function same(found: string | null, wanted: unknown, json: boolean, type: string): boolean {
  if (wanted === null || found === null) return wanted === found;
  if (json) return isDeepStrictEqual(JSON.parse(found), wanted);
  if (type.startsWith("timestamp"))
    return new Date(found.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00")).getTime() === new Date(String(wanted)).getTime();
  if (type === "boolean") return (found === "t" || found === "true") === wanted;
  return found === String(wanted);
}

const typesByTable = new Map<string, Map<string, string>>();

async function typesOf(target: pg.Client, table: string): Promise<Map<string, string>> {
  const known = typesByTable.get(table);
  if (known) return known;
  const { rows } = await target.query<{ name: string; type: string }>(
    "select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped",
    [`public.${table}`],
  );
  const types = new Map(rows.map((row) => [row.name, row.type]));
  typesByTable.set(table, types);
  return types;
}
