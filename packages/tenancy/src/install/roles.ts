import type { ClientBase } from "pg";
import { escapeIdentifier } from "pg";
import { TenancyError, withoutRowData } from "../errors.ts";
import { CONFIDENTIAL_ROLE } from "../policies/confidential-names.ts";
import { inheritFrom } from "./inherit.ts";
import { installing } from "./installing.ts";
import { refuseOldServer } from "./recent.ts";
import { retryClashes } from "./retry.ts";
import { scramVerifier } from "./scram.ts";

export interface RolePasswords {
  /** Of rehome_mover, which copies rows and is the only role that bypasses row security. */
  moverPassword: string;
  /** Of rehome_login, as which the product connects. */
  loginPassword: string;
  /** Names of background jobs; each gets a role of its own, see jobRole. */
  jobs?: readonly string[];
  /** Of rehome_worker, as which background jobs connect: it may become the roles of `jobs` and no other. Without it there is no such login. */
  workerPassword?: string;
  /** Of rehome_keeper, as which keepGuard connects: it may become rehome_keys and nothing else. Without it there is no such login. */
  keeperPassword?: string;
  /** Send passwords instead of SCRAM verifiers, for services that refuse verifiers. They may then appear in the server's log. */
  plainPasswords?: boolean;
  /** How many connections rehome_login may have at once, on the whole server. Default 60. */
  loginConnections?: number;
  /** The same of rehome_worker. Default 20. */
  workerConnections?: number;
}

// Whoever runs SQL as the product can open connections too. Both limits together leave some of Postgres's default 100 for the mover and the
// operator, who must get in just when the product takes all it can.
const LOGIN_CONNECTIONS = 60;
const WORKER_CONNECTIONS = 20;
const KEEPER_CONNECTIONS = 5;

interface RoleShape {
  login?: boolean;
  bypassRls?: boolean;
  /** -1 is no limit, as in Postgres. */
  connections?: number;
}

const SHAPE_BY_ROLE: Record<string, RoleShape> = {
  rehome_owner: {},
  rehome_guard: {},
  rehome_keys: {},
  [CONFIDENTIAL_ROLE]: {},
  authenticated: {},
  anonymous: {},
  rehome_mover: { login: true, bypassRls: true },
};

/** The role a background job runs as: `rehome_job_<name>`. */
export function jobRole(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,40}$/.test(name)) {
    throw new TenancyError(
      "install_refused",
      {},
      {
        message: "A job's name is 1 to 41 of a-z, 0-9 and _, beginning with a letter.",
        next: "Rename the job.",
      },
    );
  }
  return `rehome_job_${name}`;
}

/**
 * Creates the roles of DESIGN section 4 where they are missing, sets what they may and both passwords, and takes TEMP and CREATE in this
 * database from PUBLIC (a temporary table shadows a real one in later transactions of a pooled session).
 *
 * Roles belong to the whole server. May be run again and from several connections at once; not inside a transaction. The caller is a
 * superuser, or owns the database and has CREATEROLE and BYPASSRLS.
 *
 * @throws TenancyError install_refused when the server is older than 16 (before anything is made), a role exists with rights it must not have, or the caller may not make or mend one (another installer made it)
 */
export async function installRoles(client: ClientBase, options: RolePasswords): Promise<void> {
  await installing("installRoles", () => makeRoles(client, options));
}

async function makeRoles(client: ClientBase, options: RolePasswords): Promise<void> {
  await refuseOldServer(client);
  const shapes = {
    ...SHAPE_BY_ROLE,
    rehome_login: { login: true, connections: options.loginConnections ?? LOGIN_CONNECTIONS },
    ...Object.fromEntries((options.jobs ?? []).map((job) => [jobRole(job), {}])),
  };
  for (const [role, shape] of Object.entries(shapes)) await retryClashes(() => shapeRole(client, role, shape));
  await retryClashes(() => joinInstaller(client));
  await retryClashes(() => reserveConnections(client));
  for (const role of ["authenticated", "anonymous"]) await retryClashes(() => letBecome(client, "rehome_login", role));
  await retryClashes(() => inheritFrom(client, "authenticated"));
  await setPassword(client, "rehome_mover", options.moverPassword, options.plainPasswords ?? false);
  await setPassword(client, "rehome_login", options.loginPassword, options.plainPasswords ?? false);
  if (options.workerPassword !== undefined) await installWorker(client, options, options.workerPassword);
  if (options.keeperPassword !== undefined) await installKeeper(client, options.keeperPassword, options.plainPasswords ?? false);
  await retryClashes(() => closeDatabase(client));
}

/** Who writes keys can become anyone: a login of its own, which neither the product nor its jobs know. */
async function installKeeper(client: ClientBase, password: string, plain: boolean): Promise<void> {
  await retryClashes(() => shapeRole(client, "rehome_keeper", { login: true, connections: KEEPER_CONNECTIONS }));
  await retryClashes(() => letBecome(client, "rehome_keeper", "rehome_keys"));
  await setPassword(client, "rehome_keeper", password, plain);
}

/** Apart from rehome_login: whoever runs SQL as the product must not be able to act as a job. */
async function installWorker(client: ClientBase, options: RolePasswords, password: string): Promise<void> {
  const { jobs = [], plainPasswords = false, workerConnections = WORKER_CONNECTIONS } = options;
  await retryClashes(() => shapeRole(client, "rehome_worker", { login: true, connections: workerConnections }));
  for (const job of jobs) await retryClashes(() => letBecome(client, "rehome_worker", jobRole(job)));
  await setPassword(client, "rehome_worker", password, plainPasswords);
}

async function shapeRole(client: ClientBase, role: string, shape: RoleShape): Promise<void> {
  const { login = false, bypassRls = false, connections = -1 } = shape;
  if (!Number.isInteger(connections) || connections < -1) {
    throw new TenancyError(
      "install_refused",
      {},
      { message: `The connection limit of ${role} is no whole number.`, next: "Mend the option." },
    );
  }
  const wanted = `${login ? "login" : "nologin"} noinherit ${bypassRls ? "bypassrls" : "nobypassrls"} connection limit ${connections}`;
  const { rows } = await client.query<{ fits: boolean; too_mighty: boolean }>(
    `select rolcanlogin = $2 and rolbypassrls = $3 and rolconnlimit = $4 and not rolinherit as fits, rolsuper or rolcreaterole or rolcreatedb or rolreplication as too_mighty
       from pg_roles where rolname = $1`,
    [role, login, bypassRls, connections],
  );
  if (!rows[0]) await client.query(`create role ${escapeIdentifier(role)} ${wanted}`);
  else if (rows[0].too_mighty) {
    throw new TenancyError(
      "install_refused",
      {},
      {
        message: `Role ${role} exists and is SUPERUSER, CREATEROLE, CREATEDB or REPLICATION.`,
        next: `alter role ${role} nosuperuser nocreaterole nocreatedb noreplication`,
      },
    );
  } else if (!rows[0].fits) await client.query(`alter role ${escapeIdentifier(role)} ${wanted}`);
}

/** A caller that is no superuser must be able to act as the roles that own the guard and the functions for confidential columns. */
async function joinInstaller(client: ClientBase): Promise<void> {
  // It inherits the role of verified persons: who owns the database needs nothing of that.
  for (const [role, inherit] of [
    ["rehome_owner", true],
    ["rehome_guard", true],
    [CONFIDENTIAL_ROLE, false],
  ] as const) {
    const { rows } = await client.query<{ able: boolean }>(
      "select pg_has_role(current_user, $1, 'SET') and (not $2 or pg_has_role(current_user, $1, 'USAGE')) as able",
      [role, inherit],
    );
    if (!rows[0]?.able) await client.query(`grant ${role} to current_user with inherit ${inherit}, set true`);
  }
}

/** Connections that the server keeps back (reserved_connections) are the mover's too. Only a superuser may give them: elsewhere the limits must do. */
async function reserveConnections(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ able: boolean }>(
    "select pg_has_role('rehome_mover', 'pg_use_reserved_connections', 'USAGE') as able",
  );
  if (rows[0]?.able) return;
  await client.query("grant pg_use_reserved_connections to rehome_mover with inherit true, set false").catch((error: unknown) => {
    if (withoutRowData(error).sqlstate !== "42501") throw error;
  });
}

async function letBecome(client: ClientBase, login: string, role: string): Promise<void> {
  const { rows } = await client.query(
    `select from pg_auth_members where roleid = $1::text::regrole and member = $2::text::regrole and set_option and not inherit_option and not admin_option`,
    [role, login],
  );
  if (rows.length === 0) await client.query(`grant ${role} to ${login} with admin false, inherit false, set true`);
}

/** The password reaches neither the statement's text nor a log: the server is sent its SCRAM verifier. */
async function setPassword(client: ClientBase, role: string, password: string, plain: boolean): Promise<void> {
  const secret = plain ? password : scramVerifier(password);
  const { rows } = await client.query<{ statement: string }>(
    "select format('alter role %I password %L', $1::text, $2::text) as statement",
    [role, secret],
  );
  const statement = rows[0]?.statement ?? "";
  await retryClashes(() => client.query(statement)).catch((error: unknown) => {
    if (plain) throw error;
    throw new TenancyError(
      "install_refused",
      {},
      {
        message: `The server did not take a SCRAM verifier as the password of ${role}.`,
        next: "If this service takes plain passwords only, pass plainPasswords: true.",
      },
    );
  });
}

async function closeDatabase(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string }>("select current_database() as name");
  const database = escapeIdentifier(rows[0]?.name ?? "");
  await client.query(`revoke temporary, create on database ${database} from public`);
  await client.query(`grant create on database ${database} to rehome_owner`);
  await client.query("revoke create on schema public from public");
  await client.query("grant usage, create on schema public to rehome_owner");
}
