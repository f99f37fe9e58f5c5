import type { SQL } from "drizzle-orm";
import { getTableConfig, PgDialect, type PgPolicy, type PgRole, pgRole } from "drizzle-orm/pg-core";
import { productTables } from "./tables.ts";

/** As whom each side asks. The two `shared` ones see meetings of either organization, the others the expert's only. */
export const ROLES = {
  guarded: "authenticated",
  unverified: "bench_unverified",
  existsPerRow: "bench_exists",
  byHand: "bench_by_hand",
  guardedShared: "bench_shared",
  unverifiedShared: "bench_shared_unverified",
} as const;

/** May become every role of ROLES; rehome_login may not, because one of them bypasses row security. */
export const BENCH_LOGIN = "bench_login";

/** What the policy builders write. */
export const GUARDED = "(select auth.org_id())";
/** What newestShared writes to lead its halves along their indexes. */
export const NAMED = "(select split_part(split_part(current_setting('auth.identity', true), chr(30), 2), chr(31), 5))";
/** What teams write who have no guard: any SQL can set it. */
export const UNVERIFIED = "(select current_setting('request.jwt.claims', true)::jsonb ->> 'org_id')";

export const roles = () => `
  do $$ begin
    ${Object.values(ROLES)
      .filter((role) => role !== ROLES.guarded)
      .map(
        (role) =>
          `if to_regrole('${role}') is null then create role ${role} noinherit ${role === ROLES.byHand ? "bypassrls" : ""}; end if;`,
      )
      .join("\n")}
    if to_regrole('${BENCH_LOGIN}') is null then create role ${BENCH_LOGIN} login noinherit; end if;
  end $$;
  grant ${Object.values(ROLES).join(", ")} to ${BENCH_LOGIN};
  grant usage on schema auth to ${ROLES.existsPerRow}, ${ROLES.guardedShared};
  grant execute on all functions in schema auth to ${ROLES.existsPerRow}, ${ROLES.guardedShared};
  grant select, insert, update, delete on public.meetings, public.records, public.payments to ${Object.values(ROLES).join(", ")};
  grant select on public.memberships to ${ROLES.existsPerRow}`;

/**
 * Every policy as the builders of @rehome/tenancy write it, the unverified ones with nothing but the identity exchanged; and the form of the
 * seed's documents, a look into memberships for each row.
 *
 * @param guarded stands where the builders write GUARDED
 */
export function policies(guarded: string): string {
  const sides = [
    { role: ROLES.guarded, shared: false, identity: guarded },
    { role: ROLES.unverified, shared: false, identity: UNVERIFIED },
    { role: ROLES.guardedShared, shared: true, identity: guarded },
    { role: ROLES.unverifiedShared, shared: true, identity: UNVERIFIED },
  ];
  const built = sides.flatMap(({ role, shared, identity }) =>
    builtPolicies(pgRole(role).existing(), shared).map((statement) => statement.replaceAll(GUARDED, () => identity)),
  );
  const perRow = Object.entries({ meetings: "expert_org_id", records: "org_id", payments: "org_id" }).map(([table, column]) => {
    const exists = `exists (select from public.memberships m where m.org_id = ${table}.${column} and m.workos_user_id = auth.user_id() and m.status = 'active')`;
    return `create policy exists_per_row on public.${table} to ${ROLES.existsPerRow} using (${exists}) with check (${exists})`;
  });
  const guard = ["meetings", "records", "payments"].map(
    (table) =>
      `alter table public.${table} enable row level security, force row level security; alter table public.${table} owner to rehome_owner`,
  );
  return [
    ...built,
    ...perRow,
    ...guard,
    `create policy exists_per_row on public.memberships for select to ${ROLES.existsPerRow} using (true)`,
  ].join(";\n");
}

function builtPolicies(role: PgRole, shared: boolean): string[] {
  return Object.values(productTables(role, shared)).flatMap((table) => {
    const { name, policies: declared } = getTableConfig(table);
    return declared.map((policy) => createPolicy(name, role.name, policy));
  });
}

function createPolicy(table: string, role: string, { name, for: verb = "all", using, withCheck }: PgPolicy): string {
  const clause = (word: string, condition: SQL | undefined) => (condition ? ` ${word} (${new PgDialect().sqlToQuery(condition).sql})` : "");
  return `create policy "${name}_${role}" on public.${table} for ${verb} to ${role}${clause("using", using)}${clause("with check", withCheck)}`;
}
