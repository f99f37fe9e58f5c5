import pg from "pg";
import { MoveError } from "../errors.ts";
import { namePlace, place, type Side } from "./place.ts";

const OLDEST_MAJOR = 16; // `'0x…'::numeric` and `IS JSON` of the guard
// The text form of a value must not depend on the server's or role's settings: checksums compare it.
// `rehome.apply` tells the capture triggers that the mover itself writes; they believe it from the mover's role only.
// Nobody may hang the mover by a lock: it says whom to look for and may be run again. Limits of the role or the service that would end a long copy
// are lifted; a peer that is gone is found by TCP instead. A commit is on the disk before what follows it on the other database begins.
const CANONICAL = `set lock_timeout = '10s'; set rehome.apply = 'on'; set timezone = 'UTC'; set datestyle = 'ISO, YMD';
set intervalstyle = 'iso_8601'; set extra_float_digits = 1; set bytea_output = 'hex';
set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set idle_session_timeout = 0;
set tcp_keepalives_idle = 15; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3; set tcp_user_timeout = 30000;
select set_config('transaction_timeout', '0', false) from pg_settings where name = 'transaction_timeout';
select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') in ('off', 'local', 'remote_write');
do $$ begin perform set_config('client_connection_check_interval', '1s', false); exception when others then null; end $$`;
// A row that a policy hides would be taken for one that is not there, and be removed on the target: such a query fails instead.
const UNFILTERED = "set row_security = off";
const KEEPALIVE_AFTER_MS = 10_000;

/**
 * Opens a connection whose values have one canonical text form.
 *
 * @throws MoveError DATABASE_UNREACHABLE, DATABASE_REFUSED, POSTGRES_TOO_OLD; the message names host, port, database and user, never the password
 */
export async function connect(url: string, side: Side, applicationName = "rehome"): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_AFTER_MS,
  });
  client.on("error", () => {}); // a broken connection surfaces in the next query
  let version = 0;
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number }>("select current_setting('server_version_num')::int / 10000 as version");
    version = rows[0]?.version ?? 0;
    if (version >= OLDEST_MAJOR) await client.query(side === "legacy" ? `${CANONICAL}; ${UNFILTERED}` : CANONICAL);
  } catch (error) {
    await client.end().catch(() => {});
    throw connectionFailed(error, url, side);
  }
  if (version < OLDEST_MAJOR) {
    await client.end().catch(() => {});
    throw new MoveError(
      "POSTGRES_TOO_OLD",
      `The ${side} database ${place(url)} is Postgres ${version}; ${OLDEST_MAJOR} is the oldest that works.`,
      {
        next: `Upgrade the ${side} server, or name another one in rehome.config.ts.`,
      },
    );
  }
  namePlace(client, side, url);
  return client;
}

/** Opens, hands over, always closes. */
export async function withConnection<T>(url: string, side: Side, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(url, side);
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => {});
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  "28P01": "the password is wrong, or the role does not exist",
  "28000": "the role does not exist or may not log in",
  "3D000": "there is no such database",
  "53300": "the server has no free connection",
  "42501": "the role lacks a permission",
};

function connectionFailed(error: unknown, url: string, side: Side): MoveError {
  const { code = "", message = "" } = error as { code?: string; message?: string };
  // pg itself stops, without a code, when the server asks for a password and the URL has none.
  const reason = REFUSALS[code] ?? (/client password must be/.test(message) ? "it asks for a password and the URL has none" : undefined);
  if (reason) {
    if (code === "53300") {
      return new MoveError("DATABASE_REFUSED", `The ${side} database ${place(url)} refused the connection: ${reason}${shown(code)}.`, {
        next: "Close idle connections there or raise max_connections, then run the command again.",
        retry: true,
      });
    }
    const makeRole =
      side === "target" && code.startsWith("28") ? "Run `rehome schema` if it never ran: it makes the mover's role. Else " : "";
    const correct = `correct the ${side} URL in the environment, or the role on the server, and run the command again.`;
    return new MoveError("DATABASE_REFUSED", `The ${side} database ${place(url)} refused the connection: ${reason}${shown(code)}.`, {
      next: makeRole + (makeRole ? correct : correct.replace("c", "C")),
    });
  }
  return new MoveError("DATABASE_UNREACHABLE", `The ${side} database ${place(url)} does not answer${shown(code)}.`, {
    next: `Check that the server runs and that this machine may reach it, then run the command again.`,
    retry: true,
  });
}

const shown = (code: string): string => (code ? ` (${code})` : "");
