import type { MoveConfig } from "../config/define.ts";
import type { ColumnSource, TableMapping } from "../config/mapping.ts";
import type { Catalog } from "../postgres/catalog.ts";
import { id } from "../postgres/identifier.ts";

/** One organization column of the target, and the statement that counts rows (`n`) with an organization that is not theirs. */
export interface Claim {
  name: string;
  strangers: string;
}

/**
 * What must be true of the organization columns that mapping back does not show.
 *
 * A home must be the person's own; the owner's organization one in which the owner is a member (the practice, if there is one: no row stays in the home
 * then), or that of the row it belongs to; a party's the guest's of that address, or the home of somebody who proved it. Asked of the rows as they are, so that what the product did on the target in between (a guest who
 * signed up, an expert who joined a clinic) stays right.
 */
export function organizationClaims(catalog: Catalog, { tables }: MoveConfig): Claim[] {
  return Object.values(tables).flatMap((mapping) => {
    const [main] = Object.keys(mapping.into);
    const mainKey = catalog.get(main ?? "")?.primaryKey[0];
    if (!main || !mainKey || !catalog.has("memberships")) return [];
    return Object.entries(mapping.into).flatMap(([into, sources]) =>
      Object.entries(sources).flatMap(([column, source]) => {
        const right = rightfulOrganization(mapping, source, tables, `t.${id(column)}`, catalog);
        const key = catalog.get(into)?.primaryKey[0];
        if (!right || !key) return [];
        const from = `public.${id(into)} t join public.${id(main)} m on m.${id(mainKey)} = t.${id(key)}`;
        return [{ name: `${into}.${column}`, strangers: `select count(*)::text as n from ${from} where not (${right})` }];
      }),
    );
  });
}

/** A condition over the main row `m` of the same legacy row; undefined where the column is no organization. */
function rightfulOrganization(
  mapping: TableMapping,
  source: ColumnSource,
  tables: MoveConfig["tables"],
  column: string,
  catalog: Catalog,
): string | undefined {
  const sources = Object.entries(Object.values(mapping.into)[0] ?? {});
  const columnOf = (wanted: (candidate: ColumnSource) => boolean) => sources.find(([, candidate]) => wanted(candidate))?.[0];
  if (source.kind === "party") {
    const address = columnOf((candidate) => candidate.kind === "same" && candidate.column === source.column);
    return address ? ofAddress(`m.${id(address)}`, column) : undefined;
  }
  const isOwner = source.kind === "ownerOrg" || (source.kind === "parentColumn" && source.column === "org_id");
  if (!isOwner && !(source.kind === "person" && source.field === "workos_organization_id")) return undefined;
  const reference = source.kind === "parentColumn" ? source.reference : mapping.owner.kind === "through" ? mapping.owner.column : undefined;
  if (reference !== undefined) {
    const parent = Object.keys(tables[mapping.references?.[reference] ?? ""]?.into ?? {})[0] ?? "";
    const key = catalog.get(parent)?.primaryKey[0];
    const child = columnOf((candidate) => candidate.kind === "same" && candidate.column === reference);
    return key && child
      ? `exists (select from public.${id(parent)} p where p.${id(key)} = m.${id(child)} and p.org_id = ${column})`
      : undefined;
  }
  const user = columnOf(
    (candidate) => candidate.kind === "ownerUser" || (candidate.kind === "person" && candidate.field === "workos_user_id"),
  );
  if (!user) return undefined;
  const member = `exists (select from public.memberships o where o.workos_user_id = m.${id(user)} and o.org_id = ${column})`;
  const known = `from rehome.identity i where i.workos_user_id = m.${id(user)} and i.workos_organization_id`;
  return source.kind === "person"
    ? `${member} and not exists (select ${known} <> ${column})`
    : `${member} and not exists (select ${known} = ${column} and i.workos_practice_id is not null)`;
}

function ofAddress(address: string, column: string): string {
  const key = `rehome.email_key(${address})`;
  return `${column} = (select g.org_id from rehome.guest g where g.email_key = ${key})
       or exists (select from rehome.address a join rehome.identity i using (legacy_user_id)
                   where a.verified and a.email_key = ${key} and i.workos_organization_id = ${column})
       or exists (select from rehome.identity i where i.email_verified and rehome.email_key(i.email) = ${key} and i.workos_organization_id = ${column})`;
}
