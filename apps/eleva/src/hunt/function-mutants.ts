import type { Mutant } from "@rehome/tenancy";
import type pg from "pg";
import { CONFIDENTIAL } from "../isolation/confidential.ts";

/** A part of a function's text and what a careless hand makes of it. */
type Slip = [fn: string, what: string, from: string, to: string, tables: string[]];

const MEMBERS = ["services", "session_packs"];
const SLIPS: readonly Slip[] = [
  ["is_own_member", "of any organization", "m.org_id = (select auth.org_id()) and ", "", MEMBERS],
  ["is_own_member", "anybody", " and m.workos_user_id = user_id", "", MEMBERS],
  ["is_own_member", "suspended members too", " and m.status = 'active'", "", MEMBERS],
  ["is_own_member", "as its caller", "SECURITY DEFINER", "", MEMBERS],
  ["service_is_unused", "of any organization", " and s.org_id = (select auth.org_id())", "", ["services"]],
  ["service_is_unused", "any service", "s.id = service and ", "", ["services"]],
  ["service_is_unused", "with meetings", "select from public.meetings m where m.service_id = service", "select where false", ["services"]],
  [
    "service_is_unused",
    "with reservations",
    "select from public.slot_reservations r where r.service_id = service",
    "select where false",
    ["services"],
  ],
  ["service_is_unused", "as its caller", "SECURITY DEFINER", "", ["services"]],
  ["may_share_record", "of any patient", " and r.patient_org_id = (select auth.org_id())", "", ["record_shares"]],
  ["may_share_record", "any record", "r.id = record and ", "", ["record_shares"]],
  ["may_share_record", "as its caller", "SECURITY DEFINER", "", ["record_shares"]],
  ["busy_intervals", "of experts who are not published", "p.published or", "true or", ["profiles"]],
  ["busy_intervals", "not for one's own organization", " or p.org_id = (select auth.org_id())", "", ["profiles"]],
  ["busy_intervals", "meetings in every organization", " and m.org_id = shown_in", "", ["meetings"]],
  ["busy_intervals", "reservations in every organization", " and r.org_id = shown_in", "", ["slot_reservations"]],
  ["busy_intervals", "blocked days in every organization", " and b.org_id = shown_in", "", ["blocked_dates"]],
  ["busy_intervals", "meetings of everybody", "m.expert_user_id = expert and ", "", ["meetings"]],
  ["busy_intervals", "reservations of everybody", "r.expert_user_id = expert and ", "", ["slot_reservations"]],
  ["busy_intervals", "expired reservations", "r.expires_at > statement_timestamp()", "true", ["slot_reservations"]],
  ["busy_intervals", "blocked days of everybody", "b.workos_user_id = expert", "true", ["blocked_dates"]],
  ["busy_intervals", "as its caller", "SECURITY DEFINER", "", ["profiles"]],
];

const FUNCTIONS = `
select p.proname as name, p.oid::regprocedure::text as signature, pg_get_functiondef(p.oid) as text
  from pg_proc p where p.pronamespace in ('public'::regnamespace, 'auth'::regnamespace) and p.prokind = 'f' and p.prolang <> (select oid from pg_language where lanname = 'c')`;

/** Careless hands on the functions for confidential columns, and on the role that owns them. */
function confidentialMutants(): Mutant[] {
  const made = (name: string, sql: string, tables: string[], roles = ["authenticated"]): Mutant => ({
    name: `confidential: ${name}`,
    sql,
    tables,
    roles,
  });
  const function_ = (table: string, type: string, text: string) =>
    `create or replace function confidential.${table}(${type}[]) returns setof public.${table} stable security definer language plpgsql rows 50 set search_path = pg_catalog, pg_temp as $$ begin ${text} end $$`;
  const query = (table: string, rest: string) => `return query select t.* from public.${table} t where ${rest};`;
  const grants = ["records", "meetings", "users"].flatMap((table) => [
    made(
      `${table}() open to anonymous`,
      `grant execute on function confidential.${table}(uuid[]) to anonymous; grant usage on schema confidential to anonymous`,
      [table],
      ["anonymous"],
    ),
    made(`${table}() closed to people`, `revoke execute on function confidential.${table}(uuid[]) from authenticated`, [table]),
    made(`${table}() owned by who is past the policies`, `alter function confidential.${table}(uuid[]) owner to postgres`, [table]),
    made(`${table}() owned by the tables' owner`, `alter function confidential.${table}(uuid[]) owner to rehome_owner`, [table]),
    made(`${table}() as its caller`, `alter function confidential.${table}(uuid[]) security invoker`, [table]),
  ]);
  return [
    ...grants,
    made("records() of every key", function_("records", "uuid", query("records", "true")), ["records"]),
    made("records() of none", function_("records", "uuid", query("records", "false")), ["records"]),
    made(
      "meetings() of the expert's side only",
      function_("meetings", "uuid", query("meetings", "t.id = any ($1) and t.org_id = (select auth.org_id())")),
      ["meetings"],
    ),
    made(
      "payment_transfers() that forgets the last key",
      function_("payment_transfers", "integer", query("payment_transfers", "t.id = any ($1[:cardinality($1) - 2])")),
      ["payment_transfers"],
    ),
    made(
      "a job may call it",
      "grant execute on function confidential.meetings(uuid[]) to rehome_job_claim; grant usage on schema confidential to rehome_job_claim",
      ["meetings"],
      ["rehome_job_claim"],
    ),
    made("the role is past the policies", "alter role rehome_fn_confidential bypassrls", ["records"]),
    made("the role inherits nothing", "revoke authenticated from rehome_fn_confidential", ["records"]),
    made("the role may read all records", "create policy oops on public.records for select to rehome_fn_confidential using (true)", [
      "records",
    ]),
    ...Object.entries(CONFIDENTIAL).map(([table, columns]) =>
      made(`${table}.${columns[0]} is granted again`, `grant select (${columns[0]}) on public.${table} to authenticated`, [table]),
    ),
  ];
}

const ACTIVE = "status::text = 'active'";

/**
 * Mistakes in definer functions, in the view, and in the guard's question whether a membership is active: each must be found through the
 * calls of the oracle or the tables whose policies ask the function.
 *
 * @throws Error when a function's text is not as the list expects: then the list must follow it
 */
export async function functionMutants(owner: pg.Client): Promise<Mutant[]> {
  const { rows } = await owner.query<{ name: string; signature: string; text: string }>(FUNCTIONS);
  const slips = SLIPS.map(([fn, what, from, to, tables]): Mutant => {
    const found = rows.find(({ name, text }) => name === fn && text.includes(from));
    if (!found) throw new Error(`Function ${fn} does not hold "${from}": mend the list of slips.`);
    return { name: `${fn}(): ${what}`, sql: found.text.replace(from, to), tables, roles: ["authenticated"] };
  });
  const guards = rows
    .filter(({ text }) => text.includes(ACTIVE))
    .map(({ signature, text }): Mutant => {
      const sql = text.replaceAll(ACTIVE, "status is not null");
      return { name: `${signature}: suspended members too`, sql, tables: ["memberships", "meetings"], roles: ["authenticated"] };
    });
  if (guards.length === 0) throw new Error(`No function of the guard holds "${ACTIVE}": mend the list of slips.`);
  const reachable = ["is_own_member(text)", "service_is_unused(uuid)", "may_share_record(uuid)"];
  return [
    ...slips,
    ...guards,
    ...confidentialMutants(),
    ...reachable.map((fn): Mutant => {
      return {
        name: `${fn}: open to anonymous`,
        sql: `grant execute on function public.${fn} to anonymous`,
        tables: ["services"],
        roles: ["anonymous"],
      };
    }),
    ...reachable.map((fn): Mutant => {
      return {
        name: `${fn}: closed to people`,
        sql: `revoke execute on function public.${fn} from authenticated`,
        tables: ["services"],
        roles: ["authenticated"],
      };
    }),
    {
      name: "meeting_receipts: open to anonymous",
      sql: "grant select on public.meeting_receipts to anonymous",
      tables: ["meeting_payments"],
      roles: ["anonymous"],
    },
    {
      name: "meeting_receipts: reads as its caller",
      sql: "alter view public.meeting_receipts set (security_invoker = true)",
      tables: ["meeting_payments"],
      roles: ["authenticated"],
    },
    {
      name: "meeting_receipts: belongs to the payments job",
      sql: "alter view public.meeting_receipts owner to rehome_job_payments",
      tables: ["meeting_payments"],
      roles: ["authenticated"],
    },
  ];
}
