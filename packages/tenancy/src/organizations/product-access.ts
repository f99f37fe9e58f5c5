import { createHash } from "node:crypto";
import { type ClientBase, escapeIdentifier, escapeLiteral } from "pg";
import { quoteRelation } from "../install/sql-text.ts";
import { OrganizationError } from "./errors.ts";
import type { InstallOrganizations, OrganizationRelations } from "./install.ts";
import { BEING_DELETED, BEING_ERASED, STAND_IN } from "./policies.ts";

type Verb = "select" | "insert" | "update" | "delete";

const SYNC = "rehome_job_sync";
const CLAIM = "rehome_job_claim";
const DELETION = "rehome_job_deletion";
const FUNCTIONS = "rehome_fn_organizations";

/**
 * Gives the jobs their grants and policies on the product's tables, puts the triggers on, and brings the mirror to the declaration.
 * Tables that name organizations are found in the catalog.
 *
 * @param declare writes the declaration; says whether the mirror's permissions are stale
 * @returns false while the tables do not exist
 */
export async function openProductTables(
  client: ClientBase,
  relations: OrganizationRelations,
  options: InstallOrganizations,
  declare: () => Promise<boolean>,
): Promise<boolean> {
  const stale = await declare();
  const { organizations, memberships, users, invitations } = relations;
  for (const relation of [organizations, memberships, users, invitations]) if (!(await exists(client, relation))) return false;
  const schemas = new Set([...(options.schemas ?? ["public"]), ...Object.values(relations).map((name) => name.split(".")[0] ?? "")]);
  const jobs = [SYNC, CLAIM, DELETION, FUNCTIONS].join(", ");
  for (const schema of schemas) await client.query(`grant usage on schema ${escapeIdentifier(schema)} to ${jobs}, authenticated`);

  for (const relation of [organizations, memberships, users, invitations]) await forceRowSecurity(client, relation);
  const open = new Opener(client);
  await openForPeople(open, relations);
  await openForSync(open, relations);
  await openForFunctions(open, relations);
  await putTriggers(client, relations);
  const columns = await organizationColumns(client);
  refuseMisspelt(await misspelt(client, options));
  if (await exists(client, relations.guests)) await openForClaims(open, relations, columns);
  await openForDeletion(open, relations, columns, options);
  await refuseHomesOfOthers(client, relations);
  await client.query(KNOW_OWNERS.replaceAll("public.memberships", quoteRelation(memberships)));
  await client.query("select tenancy.apply_waiting()");
  if (stale) {
    await client.query(`select tenancy.mirror_memberships(array(select distinct m.org_id from ${quoteRelation(memberships)} m))`);
  }
  return true;
}

// Owners from before they were remembered, and suspensions that were known then.
const KNOW_OWNERS = `
insert into tenancy.owner (org_id, user_id)
  select distinct on (m.org_id) m.org_id, m.workos_user_id from public.memberships m cross join tenancy.config c
   where m.role_slug = c.owner_role and m.status::text <> 'invited' order by m.org_id, m.status::text = 'active' desc, m.workos_user_id
  on conflict do nothing;
update tenancy.object set halted = true where kind = 'membership' and not halted and state ->> 'status' = 'inactive'`;

/** A home that has become something else is not split here: which rows are the person's and which the practice's, only the product can say. */
async function refuseHomesOfOthers(client: ClientBase, { users, organizations }: OrganizationRelations): Promise<void> {
  const { rows } = await client.query<{ id: string; all: number }>(
    `select o.id, count(*) over ()::int as all from ${quoteRelation(organizations)} o
      where exists (select from ${quoteRelation(users)} u where u.org_id = o.id)
        and not exists (select from tenancy.organization_type t where t.type = o.type::text and t.personal) order by o.id limit 10`,
  );
  const [first] = rows;
  if (!first) return;
  throw new OrganizationError("home_not_personal", {
    message: `users.org_id names ${first.all} organizations that are not of the personal type: ${rows.map(({ id }) => id).join(", ")}${first.all > rows.length ? ", …" : ""}.`,
  });
}

/** What the declaration names and the database has not: it would be passed over in a deletion, and what law keeps be gone. */
async function misspelt(
  client: ClientBase,
  { archive = {}, release = {}, erase = {}, columns = {} }: InstallOrganizations,
): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `with said as (select * from jsonb_to_recordset($1::jsonb) as s (part text, rel text, col text, owned boolean))
     select format('%s: %s%s', s.part, s.rel, '.' || s.col) as name from said s
      where to_regclass(s.rel) is null
         or s.owned and not exists (select from tenancy.organization_tables() o where o.rel = to_regclass(s.rel))
         or s.col is not null and not exists (select from pg_attribute a where a.attrelid = to_regclass(s.rel) and a.attname = s.col and not a.attisdropped)
     union all
     select 'columns: ' || c from unnest($2::text[]) c where not exists (select from tenancy.organization_columns() o where o.name = c)
      order by 1`,
    [
      JSON.stringify([
        ...Object.entries(archive).flatMap(([rel, { columns: kept }]) =>
          (kept ?? [null]).map((col) => ({ part: "archive", rel, col, owned: true })),
        ),
        ...Object.entries(release).flatMap(([rel, by]) => Object.keys(by).map((col) => ({ part: "release", rel, col, owned: true }))),
        ...Object.entries(erase).flatMap(([rel, names]) => names.map((col) => ({ part: "erase", rel, col, owned: false }))),
      ]),
      [columns.owner ?? "org_id", ...(columns.party ?? [])],
    ],
  );
  return rows.map(({ name }) => name);
}

function refuseMisspelt(names: readonly string[]): void {
  if (names.length === 0) return;
  throw new OrganizationError("bad_definition", {
    message: `The database has no such table or column of organizations: ${names.join(", ")}.`,
    next: "Mend the names, or install after the migration that makes them.",
  });
}

interface OrganizationColumn {
  relation: string;
  name: string;
  party: boolean;
}

async function organizationColumns(client: ClientBase): Promise<OrganizationColumn[]> {
  const { rows } = await client.query<OrganizationColumn>(
    `select format('%s.%s', n.nspname, t.relname) as relation, c.name, c.party
       from tenancy.organization_columns() c join pg_class t on t.oid = c.rel join pg_namespace n on n.oid = t.relnamespace`,
  );
  return rows;
}

/** Rows are a matter of the tables' policies. */
async function openForPeople(open: Opener, { organizations, memberships, users, invitations }: OrganizationRelations): Promise<void> {
  for (const relation of [organizations, memberships, invitations]) await open.grant(relation, "authenticated", "select");
  await open.grant(users, "authenticated", "select, update (first_name, last_name, image_url, updated_at)");
}

async function openForSync(open: Opener, { organizations, memberships, users, invitations }: OrganizationRelations): Promise<void> {
  await open.grant(organizations, SYNC, "select, insert (id, type, tier, name, slug, claimed), update (name, type, tier)");
  await open.grant(memberships, SYNC, "select, insert, update, delete");
  await open.grant(
    users,
    SYNC,
    "select, insert (org_id, workos_user_id, email, email_verified, first_name, last_name, image_url), " +
      "update (email, email_verified, first_name, last_name, image_url, updated_at)",
  );
  await open.grant(invitations, SYNC, "select, insert, update");
  for (const relation of [organizations, memberships, users, invitations]) {
    const verbs: Verb[] = relation === memberships ? ["select", "insert", "update", "delete"] : ["select", "insert", "update"];
    for (const verb of verbs) await open.policy(relation, SYNC, verb, "true");
  }
}

async function openForFunctions(open: Opener, { organizations, memberships }: OrganizationRelations): Promise<void> {
  await open.grant(organizations, FUNCTIONS, "select (id, name, slug, type, tier), update (claimed)");
  await open.grant(memberships, FUNCTIONS, "select (org_id, workos_user_id, role_slug, status)");
  await open.policy(organizations, FUNCTIONS, "select", "true");
  // To lock a row, which asks for the right to update it; no update passes the check.
  await open.policy(organizations, FUNCTIONS, "update", "true", "false");
  await open.policy(memberships, FUNCTIONS, "select", "true");
}

/** Rows go from an unclaimed organization to a claimed one: never what is somebody's already, and never back. */
async function openForClaims(open: Opener, relations: OrganizationRelations, columns: readonly OrganizationColumn[]): Promise<void> {
  const { organizations, users, guests } = relations;
  await open.grant(organizations, CLAIM, "select, update (claimed), delete");
  await open.policy(organizations, CLAIM, "select", "true");
  await open.policy(organizations, CLAIM, "update", "not claimed", "not claimed");
  await open.policy(organizations, CLAIM, "delete", "not claimed and starts_with(id, 'guest_')");
  await open.grant(users, CLAIM, "select (workos_user_id, org_id)");
  await open.policy(users, CLAIM, "select", "true");
  await open.grant(guests, CLAIM, "select, update, delete");
  for (const verb of ["select", "update", "delete"] as const) await open.policy(guests, CLAIM, verb, "true");
  for (const { relation, name, party } of columns) {
    if (!party || relation === guests) continue;
    const column = escapeIdentifier(name);
    const claimed = (not: string) =>
      `exists (select from ${quoteRelation(organizations)} o where o.id = ${quoteRelation(relation)}.${column} and ${not} o.claimed)`;
    await open.grant(relation, CLAIM, `select (${column}), update (${column})`);
    await open.policy(relation, CLAIM, "select", "true");
    await open.policy(relation, CLAIM, "update", claimed("not"), claimed(""));
  }
}

/** The deletion job reads and deletes rows of organizations that are being deleted and of persons who are being erased, and no others. */
async function openForDeletion(
  open: Opener,
  { organizations }: OrganizationRelations,
  columns: readonly OrganizationColumn[],
  { release = {}, erase = {} }: Pick<InstallOrganizations, "release" | "erase">,
): Promise<void> {
  await open.grant(organizations, DELETION, "select (id), delete");
  for (const verb of ["select", "delete"] as const) await open.policy(organizations, DELETION, verb, `id = any ${BEING_DELETED}`);
  for (const relation of new Set([...columns.map((column) => column.relation), ...Object.keys(erase)])) {
    const named = columns.filter((column) => column.relation === relation);
    const ends = ({ name }: OrganizationColumn) => `${escapeIdentifier(name)} = any ${BEING_DELETED}`;
    const released = Object.entries(release[relation] ?? {});
    const deleting = named.filter(({ name, party }) => !party || !released.some(([one]) => one === name));
    const letGo = released.map(([name]) => `${escapeIdentifier(name)} = ${escapeLiteral(STAND_IN)}`);
    const erased = (erase[relation] ?? []).map((name) => `${escapeIdentifier(name)} = any ${BEING_ERASED}`);
    await open.grant(relation, DELETION, "select, delete");
    // What an UPDATE makes must be visible to whoever also reads the table in it.
    await open.policy(relation, DELETION, "select", [...named.map(ends), ...erased, ...letGo].join(" or "));
    await open.policy(relation, DELETION, "delete", [...deleting.map(ends), ...erased].join(" or "));
    if (released.length === 0) continue;
    const names = new Set(released.flatMap(([name, blank]) => [name, ...Object.keys(blank)]));
    await open.grant(relation, DELETION, `update (${[...names].map((name) => escapeIdentifier(name)).join(", ")})`);
    const ending = released.map(([name]) => `${escapeIdentifier(name)} = any ${BEING_DELETED}`);
    await open.policy(relation, DELETION, "update", ending.join(" or "), letGo.join(" or "));
  }
}

async function putTriggers(client: ClientBase, { organizations, memberships, invitations }: OrganizationRelations): Promise<void> {
  // The mover carries what legacy held; its types are the mapping's.
  const mover = "when (current_user <> 'rehome_mover')";
  const triggers = [
    [organizations, "tenancy_check_organization", "insert or update of type, tier", mover],
    [memberships, "tenancy_check_membership", "insert or update of status, org_id, workos_user_id", ""],
    [invitations, "tenancy_check_invitation", "insert or update of status, org_id", ""],
  ] as const;
  for (const [relation, name, event, when] of triggers) {
    const { rows } = await client.query("select from pg_trigger where tgrelid = to_regclass($1) and tgname = $2 and tgenabled <> 'D'", [
      quoteRelation(relation),
      name,
    ]);
    if (rows.length > 0) continue;
    const procedure = name.replace("tenancy_", "tenancy.");
    await asOwner(
      client,
      relation,
      `create or replace trigger ${name} before ${event} on ${quoteRelation(relation)} for each row ${when} execute function ${procedure}()`,
    );
  }
}

/** What Drizzle does not say: row security that binds the owner too. */
async function forceRowSecurity(client: ClientBase, relation: string): Promise<void> {
  const { rows } = await client.query("select from pg_class where oid = to_regclass($1) and relrowsecurity and relforcerowsecurity", [
    quoteRelation(relation),
  ]);
  if (rows.length > 0) return;
  const table = `alter table ${quoteRelation(relation)}`;
  await asOwner(client, relation, `${table} enable row level security; ${table} force row level security`);
}

/** Gives grants and policies where they are missing: a second run locks no table. */
class Opener {
  readonly #client: ClientBase;
  constructor(client: ClientBase) {
    this.#client = client;
  }

  /** Each right that the role does not have on the whole table already. */
  async grant(relation: string, role: string, rights: string): Promise<void> {
    for (const right of rights.split(/, (?![^(]*\))/)) {
      const { rows } = await this.#client.query<{ held: boolean }>("select has_table_privilege($1, to_regclass($2)::oid, $3) as held", [
        role,
        quoteRelation(relation),
        right.replace(/ .*/, ""),
      ]);
      if (!rows[0]?.held) await this.#client.query(`grant ${right} on ${quoteRelation(relation)} to ${role}`);
    }
  }

  /**
   * The policy, unless the product declared one of its own for this role and verb. A comment on it holds a digest of what it says: one that
   * differs is made anew, and one that the product has declared since goes.
   */
  async policy(relation: string, role: string, verb: Verb, using: string, check: string = using): Promise<void> {
    const name = `${relation.split(".")[1]}_${verb}_${role.replace("rehome_", "")}`;
    const body = `${verb === "insert" ? "" : `using (${using})`} ${verb === "insert" || verb === "update" ? `with check (${check})` : ""}`;
    const digest = createHash("sha256").update(body).digest("hex").slice(0, 16);
    const { rows } = await this.#client.query<{ name: string; digest: string | null }>(
      `select polname as name, obj_description(oid, 'pg_policy') as digest from pg_policy
        where polrelid = to_regclass($1) and polcmd in ($2, '*') and $3::regrole = any (polroles)`,
      [quoteRelation(relation), { select: "r", insert: "a", update: "w", delete: "d" }[verb], role],
    );
    const on = `${escapeIdentifier(name)} on ${quoteRelation(relation)}`;
    const ours = rows.find((row) => row.name === name && /^[0-9a-f]{16}$/.test(row.digest ?? ""));
    if (rows.some((row) => row !== ours)) return void (ours && (await asOwner(this.#client, relation, `drop policy ${on}`)));
    if (ours?.digest === digest) return;
    await asOwner(
      this.#client,
      relation,
      `drop policy if exists ${on}; create policy ${on} for ${verb} to ${role} ${body}; comment on policy ${on} is '${digest}'`,
    );
  }
}

/** Policies and triggers are made by the table's owner; a table that is still the installer's is altered as the installer. */
async function asOwner(client: ClientBase, relation: string, statement: string): Promise<void> {
  const { rows } = await client.query<{ owned: boolean }>(
    "select relowner = 'rehome_owner'::regrole as owned from pg_class where oid = to_regclass($1)",
    [quoteRelation(relation)],
  );
  if (!rows[0]?.owned) return void (await client.query(statement));
  await client.query("set local role rehome_owner");
  await client.query(statement);
  await client.query("set local role none");
}

async function exists(client: ClientBase, relation: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>("select to_regclass($1) is not null as there", [quoteRelation(relation)]);
  return rows[0]?.there ?? false;
}
