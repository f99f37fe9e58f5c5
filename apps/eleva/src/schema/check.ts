import type { ClientBase } from "pg";

type Verb = "select" | "insert" | "update" | "delete";
const VERBS = ["select", "insert", "update", "delete"] as const;

interface Allowed {
  authenticated: readonly Verb[];
  anonymous: readonly Verb[];
}

const readOnly: Allowed = { authenticated: ["select"], anonymous: [] };
const publicReadOnly: Allowed = { authenticated: ["select"], anonymous: ["select"] };
const ownedByOrg: Allowed = { authenticated: VERBS, anonymous: [] };
const shownAndOwned: Allowed = { authenticated: VERBS, anonymous: ["select"] };
const shownAndKept: Allowed = { authenticated: ["select", "insert", "update"], anonymous: ["select"] };
const nobody: Allowed = { authenticated: [], anonymous: [] };

/** What docs/who-sees-what.md lets the product's two roles do at all. */
const ALLOWED: Readonly<Record<string, Allowed>> = {
  billing_accounts: readOnly,
  blocked_dates: ownedByOrg,
  categories: publicReadOnly,
  expert_setup: readOnly,
  guests: nobody,
  identity_verifications: readOnly,
  invitations: readOnly,
  meeting_payments: readOnly,
  meetings: { authenticated: ["select", "update"], anonymous: [] },
  memberships: readOnly,
  organizations: readOnly,
  pack_purchases: readOnly,
  payment_transfers: readOnly,
  payout_accounts: readOnly,
  platform_roles: readOnly,
  profile_standing: publicReadOnly,
  profiles: shownAndKept,
  record_shares: ownedByOrg,
  records: { authenticated: ["select", "insert", "update"], anonymous: [] },
  schedule_availabilities: ownedByOrg,
  schedules: ownedByOrg,
  scheduling_settings: ownedByOrg,
  service_stripe: readOnly,
  services: shownAndOwned,
  session_pack_stripe: readOnly,
  session_packs: shownAndOwned,
  slot_reservations: readOnly,
  stripe_processed_events: nobody,
  user_emails: readOnly,
  users: { authenticated: ["select", "update"], anonymous: [] },
};

const STATE = `
select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced, pg_get_userbyid(c.relowner) as owner,
       coalesce((select json_agg(json_build_object(
                   'role', case r when 0 then 'public' else pg_get_userbyid(r) end,
                   'verb', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end))
                   from pg_policy p, unnest(p.polroles) r where p.polrelid = c.oid and p.polpermissive), '[]') as policies,
       (select json_object_agg(role, (
                select coalesce(json_agg(verb), '[]') from unnest('{select,insert,update,delete}'::text[]) verb
                 where has_table_privilege(role, c.oid, verb) or (verb <> 'delete' and has_any_column_privilege(role, c.oid, verb))))
          from unnest('{authenticated,anonymous}'::text[]) role) as granted
  from pg_class c
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
 order by c.relname`;

interface TableState {
  name: string;
  enabled: boolean;
  forced: boolean;
  owner: string;
  policies: { role: string; verb: Verb | "all" }[];
  granted: Record<keyof Allowed, Verb[]>;
}

/**
 * Compares every table of schema public with what its protection must be: row security on and forced, owner rehome_owner, policies and grants
 * of `authenticated` and `anonymous` for exactly the verbs of the document, no policy for PUBLIC; and that no role of ours bypasses policies.
 */
export async function safetyProblems(client: ClientBase): Promise<{ problems: string[]; tables: number }> {
  const { rows: tables } = await client.query<TableState>(STATE);
  const missing = Object.keys(ALLOWED).filter((name) => !tables.some((table) => table.name === name));
  const { rows: mighty } = await client.query<{ name: string }>(
    `select rolname as name from pg_roles
      where (rolname in ('authenticated', 'anonymous', 'rehome_guard', 'rehome_owner') or rolname like 'rehome\\_job\\_%' or rolname like 'rehome\\_fn\\_%')
        and (rolsuper or rolbypassrls)`,
  );
  return {
    problems: [
      ...missing.map((name) => `table ${name} is missing`),
      ...mighty.map(({ name }) => `role ${name} is past row security`),
      ...tables.flatMap(tableProblems),
    ],
    tables: tables.length,
  };
}

function tableProblems(table: TableState): string[] {
  const allowed = ALLOWED[table.name];
  if (!allowed) return [`table ${table.name} is not in docs/who-sees-what.md`];
  const problems: string[] = [];
  if (!table.enabled) problems.push(`${table.name}: row security is off`);
  if (!table.forced) problems.push(`${table.name}: row security is not forced`);
  if (table.owner !== "rehome_owner") problems.push(`${table.name}: the owner is ${table.owner}`);
  for (const { role, verb } of table.policies) {
    if (role === "public" || verb === "all") problems.push(`${table.name}: a policy is for ${role === "public" ? "PUBLIC" : "all verbs"}`);
  }
  for (const role of ["authenticated", "anonymous"] as const) {
    for (const verb of VERBS) {
      const may = allowed[role].includes(verb);
      const policy = table.policies.some((found) => found.role === role && found.verb === verb);
      const grant = table.granted[role].includes(verb);
      if (may && !policy) problems.push(`${table.name}: no ${verb} policy for ${role}`);
      if (may && !grant) problems.push(`${table.name}: no ${verb} grant for ${role}`);
      if (!may && policy) problems.push(`${table.name}: a ${verb} policy for ${role}`);
      if (!may && grant) problems.push(`${table.name}: a ${verb} grant for ${role}`);
    }
  }
  return problems;
}
