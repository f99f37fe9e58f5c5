import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import { readClerkApiInto } from "../legacy/clerk/read-api.ts";
import { streamClerkExport } from "../legacy/clerk/read-export.ts";
import { accessOf } from "../legacy/read-users.ts";
import { mappingProblems, unfenced } from "../mapping/check.ts";
import { readCatalog } from "../postgres/catalog.ts";
import { withConnection } from "../postgres/connect.ts";
import { id } from "../postgres/identifier.ts";
import { place } from "../postgres/place.ts";
import { query } from "../postgres/query.ts";
import { readTables } from "../postgres/tables.ts";
import { openWorkos } from "../users/workos.ts";

export interface Check {
  name: string;
  ok: boolean;
  figure: string;
  next?: string;
}

/** Tries everything the move needs. Each check stands alone, so that one run names everything that is wrong. Writes nothing. */
export async function checkMove(config: MoveConfig): Promise<Check[]> {
  const { clerk } = config.legacy;
  const checks: [string, () => Promise<string>][] = [
    ...clerk.exports.map((given): [string, () => Promise<string>] => {
      const file = typeof given === "string" ? given : given.file;
      return [`Clerk export ${file}`, () => countExport(file)];
    }),
    ["Clerk API", () => countApi(config)],
    ["legacy database", () => withConnection(config.legacy.database, "legacy", (client) => checkLegacy(client, config))],
    ["target database", () => withConnection(config.target.owner, "target", async (client) => checkTarget(client, config))],
    ["WorkOS API key", () => checkWorkos(config)],
    ["WorkOS signing keys", () => checkSigningKeys(config)],
  ];
  return Promise.all(checks.map(([name, run]) => one(name, run)));
}

async function countExport(file: string): Promise<string> {
  let users = 0;
  for await (const _ of streamClerkExport(file)) users += 1;
  return `${users} users`;
}

async function countApi({ legacy: { clerk } }: MoveConfig): Promise<string> {
  const access = accessOf(clerk);
  if (!access) return "not asked: legacy.clerk.secretKey is not set, the exports alone speak";
  const ids = new Set<string>();
  const sink = { clear: () => ids.clear(), put: (user: { id: string }) => void ids.add(user.id), size: () => ids.size };
  await readClerkApiInto(access, sink, { acceptUncounted: clerk.acceptUncounted });
  return `${ids.size} users`;
}

async function one(name: string, run: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, figure: await run() };
  } catch (error) {
    if (!(error instanceof MoveError)) throw error;
    return { name, ok: false, figure: error.message, next: error.next };
  }
}

async function checkLegacy(client: ClientBase, config: MoveConfig): Promise<string> {
  const catalog = await readCatalog(client, "legacy");
  const found = await readTables(client, "legacy");
  const problems = mappingProblems(config.tables, config.stays, catalog, null, found);
  if (problems.length > 0)
    throw new MoveError("MAPPING_INCOMPLETE", `The mapping does not fit legacy: ${problems.join("; ")}.`, {
      next: "Correct `tables` in rehome.config.ts.",
    });
  const tables = [...catalog.keys()];
  const lacking = await query<{ name: string; right: string }>(
    client,
    "read the role's permissions on legacy",
    `select t.name, r.right from unnest($1::text[]) t(name)
      cross join (values ('select'), ('insert'), ('update'), ('delete'), ('trigger')) r("right")
      where not has_table_privilege(format('public.%I', t.name), r.right)`,
    [tables],
  );
  const notOwner = await query<{ name: string; owner: string }>(
    client,
    "read the owners of legacy",
    `select c.relname as name, pg_get_userbyid(c.relowner) as owner from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relname = any($1) and not pg_has_role(c.relowner, 'usage')`,
    [tables],
  );
  const [create] = await query<{ ok: boolean; role: string; database: string }>(
    client,
    "read the role's permissions on legacy",
    "select has_database_privilege(current_database(), 'create') as ok, current_user::text as role, current_database()::text as database",
  );
  const role = id(create?.role ?? "");
  const grants = [
    ...(create?.ok ? [] : [`grant create on database ${id(create?.database ?? "")} to ${role}`]),
    ...new Set(notOwner.map((row) => `grant ${id(row.owner)} to ${role} with inherit true`)),
    ...new Set(lacking.map((row) => `grant select, insert, update, delete, trigger on public.${id(row.name)} to ${role}`)),
  ];
  if (grants.length > 0) {
    throw new MoveError("DATABASE_REFUSED", `The role ${create?.role} on legacy (${place(config.legacy.database)}) lacks permissions.`, {
      next: `As an administrator of legacy, run: ${grants.join("; ")};`,
    });
  }
  const open = unfenced(config.stays, found);
  return `${tables.length} tables, every column has a place${open.length > 0 ? `; not fenced at the switch: ${open.join(", ")}` : ""}`;
}

async function checkTarget(client: ClientBase, config: MoveConfig): Promise<string> {
  const [role] = await query<{ name: string; ok: boolean }>(
    client,
    "read the role's permissions on the target",
    "select current_user::text as name, rolsuper or rolcreaterole as ok from pg_roles where rolname = current_user",
  );
  if (!role?.ok) {
    throw new MoveError("DATABASE_REFUSED", `The role ${role?.name} on the target (${place(config.target.owner)}) may not create roles.`, {
      next: `As an administrator of the target, run: alter role ${id(role?.name ?? "")} createrole;`,
    });
  }
  // Bind parameters are tokens, digests and rows; a server that logs statements writes them down.
  const [log] = await query<{ all: boolean }>(
    client,
    "read the server's log settings",
    `select current_setting('log_statement') in ('all', 'mod') or current_setting('log_min_duration_statement')::int >= 0
            or current_setting('log_min_duration_sample')::int >= 0 as all
      where current_setting('log_parameter_max_length') <> '0'`,
  );
  if (log?.all) {
    throw new MoveError("DATABASE_REFUSED", `The target (${place(config.target.owner)}) logs statements with their parameters.`, {
      next: "As an administrator of the target, run: alter system set log_parameter_max_length = 0; select pg_reload_conf();",
    });
  }
  return `${place(config.target.owner)} may create roles and logs no parameters`;
}

async function checkWorkos(config: MoveConfig): Promise<string> {
  const workos = openWorkos(config.target.workos);
  const page = await workos.repeatable("read", "list users at WorkOS", () => workos.sdk.userManagement.listUsers({ limit: 1 }));
  return page.data.length === 0 ? "accepted; no user there yet" : "accepted; users are there";
}

/** The guard needs the keys, and a wrong client id shows here: the address answers with another set, or none. */
async function checkSigningKeys(config: MoveConfig): Promise<string> {
  const workos = openWorkos(config.target.workos);
  const url = workos.sdk.userManagement.getJwksUrl(config.target.workos.clientId);
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
  const body = answer?.ok ? ((await answer.json().catch(() => ({}))) as { keys?: { kid?: string; alg?: string; kty?: string }[] }) : {};
  const keys = (body.keys ?? []).filter((key) => key.kty === "RSA" && key.kid);
  if (keys.length > 0) return `${keys.length} RSA key${keys.length === 1 ? "" : "s"} at ${url}`;
  throw new MoveError("WORKOS_REFUSED", `There is no signing key at ${url}${answer ? ` (status ${answer.status})` : " (no answer)"}.`, {
    next: "Check WORKOS_CLIENT_ID: the address ends with it.",
  });
}
