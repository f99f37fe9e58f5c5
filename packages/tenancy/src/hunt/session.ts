import type { ClientBase } from "pg";
import { escapeIdentifier, escapeLiteral } from "pg";
import type { Persona } from "./types.ts";

/** A statement to try. With `answer` its first column is kept. */
export interface Try {
  sql: string;
  answer?: boolean;
}

export interface Outcome {
  /** SQLSTATE of the refusal; null when the statement ran. */
  state: string | null;
  rows: number;
  answer: string | null;
  /** What the server said: message, detail and hint. To be searched for others' values, never to be shown. */
  said: string;
}

// One message tries them all, each in a subtransaction that is undone: RJHNT is the state that undoes one that ran.
const RUNNER = `do $hunt$
declare
  t record; n bigint; a text; state text; m text; d text; h text; outcomes text[] := '{}';
begin
  for t in select value ->> 'sql' as sql, value ->> 'answer' = 'true' as answer
             from pg_catalog.json_array_elements(pg_catalog.current_setting('hunt.tries')::json) loop
    n := 0; a := null; d := null; h := null;
    begin
      if t.answer then execute t.sql into a; else execute t.sql; end if;
      get diagnostics n = row_count;
      raise exception using errcode = 'RJHNT';
    exception when others then
      get stacked diagnostics state = returned_sqlstate, m = message_text, d = pg_exception_detail, h = pg_exception_hint;
    end;
    if state = 'RJHNT' then state := null; m := ''; d := null; h := null; end if;
    outcomes := outcomes || pg_catalog.json_build_object('state', state, 'rows', n, 'answer', a, 'said', pg_catalog.concat_ws(' | ', m, d, h))::text;
  end loop;
  perform pg_catalog.set_config('hunt.outcomes', '[' || pg_catalog.array_to_string(outcomes, ',') || ']', true);
end $hunt$`;

/** Tries statements in one round trip, as whoever the connection is just now; every one of them is undone. Inside a transaction. */
export async function runTries(client: ClientBase, tries: readonly Try[]): Promise<Outcome[]> {
  if (tries.length === 0) return [];
  const results = (await client.query(
    `select pg_catalog.set_config('hunt.tries', ${escapeLiteral(JSON.stringify(tries))}, true); ${RUNNER}; select pg_catalog.current_setting('hunt.outcomes') as outcomes`,
  )) as unknown as { rows: { outcomes: string }[] }[];
  return JSON.parse(results.at(-1)?.rows[0]?.outcomes ?? "[]") as Outcome[];
}

/**
 * Runs `work` as a persona: its role, its token bound. All is undone. Inside a transaction of the caller it uses a savepoint.
 *
 * @returns `bound`: the SQLSTATE with which the token was refused, else null
 */
export async function asPersona<T>(
  client: ClientBase,
  persona: Persona,
  guardSchema: string,
  work: (bound: string | null) => Promise<T>,
): Promise<T> {
  return await undone(client, async () => {
    await client.query(
      `set local role ${escapeIdentifier(persona.role)}; set local search_path = pg_catalog, pg_temp; savepoint hunt_bind`,
    );
    let bound: string | null = null;
    if (persona.token !== undefined) {
      try {
        await client.query(`select ${escapeIdentifier(guardSchema)}.jwt_session_init($1)`, [persona.token]);
      } catch (error) {
        bound = (error as { code?: string }).code ?? "no connection";
        await client.query("rollback to hunt_bind");
      }
    }
    return await work(bound);
  });
}

/** Runs `work` in a transaction, or in a savepoint where the caller has one open, and undoes it. */
export async function undone<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  const nested = client.getTransactionStatus() === "T";
  await client.query(nested ? "savepoint hunt" : "begin isolation level read committed read write");
  try {
    return await work();
  } finally {
    await client.query(nested ? "rollback to hunt; release hunt" : "rollback");
  }
}
