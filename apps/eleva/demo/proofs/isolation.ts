import type { Sandbox } from "@rehome/sandbox";
import { createTenancy } from "@rehome/tenancy";
import pg from "pg";
import { judge, type Proof } from "rehome";
import { type Isolation, proveIsolation } from "../../src/isolation/prove.ts";
import { throughTenancy } from "../../src/isolation/through-tenancy.ts";
import { sessionOf } from "./workos.ts";

/**
 * Proves that Postgres shows every moved person exactly what docs/who-sees-what.md says, in the home and in the practice, and a stranger and a
 * suspended member no more than anonymous sees. Asked as each of them with a token that WorkOS signed.
 *
 * @param loginUrl the product's own login
 * @param bypass a connection past row security, not inside a transaction
 */
export async function proveElevaIsolation(bypass: pg.Client, loginUrl: string, workos: Sandbox["workos"]): Promise<Proof> {
  const people = await bypass.query<{ id: string; user: string; org: string }>(
    `select legacy_user_id || w.place as id, workos_user_id as "user", w.org
       from rehome.identity cross join lateral (values (workos_practice_id, ' in the practice'), (workos_organization_id, '')) w (org, place)
      where moved and w.org is not null order by 1`,
  );
  const personas = await Promise.all(
    people.rows.map(async (person) => ({
      name: person.id,
      who: { kind: "member" as const, userId: person.user, orgId: person.org },
      token: await sessionOf(workos, person.user, person.org),
    })),
  );
  const suspended = personas[0];
  const [last] = personas.slice(-1);
  const pool = new pg.Pool({ connectionString: loginUrl, max: 4 });
  pool.on("error", () => {});
  const restore = await hideSomething(bypass);
  try {
    const openAs = throughTenancy(createTenancy({ pool }));
    const insiders = await proveIsolation({
      bypass,
      openAs,
      personas: [...personas, { name: "anonymous", who: { kind: "anonymous" } }],
      emptyAllowed: EMPTY_ALLOWED,
    });
    const outsiders = suspended && last ? await asOutsiders(bypass, openAs, suspended, last) : undefined;
    const offenders = [insiders, ...(outsiders ? [outsiders] : [])]
      .flatMap((found) => found.differences)
      .map(
        ({ persona, table, extra, missing, changed }) =>
          `${persona} on ${table}: ${extra} rows too many, ${missing} missing, ${changed} other than they stand`,
      );
    const figure = `${personas.length} memberships of ${new Set(people.rows.map(({ user }) => user)).size} people, anonymous, a suspended member and a stranger on ${insiders.expected / (personas.length + 1)} relations and functions of confidential columns; ${insiders.rowsSeen.toLocaleString("en-US")} rows seen, each by the rule`;
    return judge({
      name: "isolation",
      checked: insiders.checked + (outsiders?.checked ?? 0),
      expected: insiders.expected + (outsiders?.expected ?? 0),
      figure,
      offenders: [...(outsiders ? [] : ["nobody has moved"]), ...offenders, ...insiders.gaps],
    });
  } finally {
    await restore();
    await pool.end();
  }
}

const EMPTY_ALLOWED = ["record_shares", "invitations"]; // nobody has granted a share or invited anybody yet

/**
 * In a small product everything may be public: then one profile with packs is unpublished while the people are asked, so that there is
 * something to hide from them.
 *
 * @returns publishes it again
 */
async function hideSomething(bypass: pg.Client): Promise<() => Promise<void>> {
  const { rows } = await bypass.query<{ id: string }>(
    `update profiles set published = false
      where id = (select p.id from profiles p join session_packs k using (workos_user_id) where p.published order by p.id limit 1)
        and not (exists (select from profiles where not published)
                 and exists (select from session_packs k where not k.is_active
                                or not exists (select from profiles p where p.workos_user_id = k.workos_user_id and p.published)))
      returning id`,
  );
  return async () => {
    await bypass.query("update profiles set published = true where id = any($1::uuid[])", [rows.map((row) => row.id)]);
  };
}

type Opened = Parameters<typeof proveIsolation>[0]["openAs"];
type Known = { name: string; who: { kind: "member"; userId: string; orgId: string }; token: string };

/** A suspended member and somebody whose organization is not mirrored hold good tokens and see what anonymous sees. */
async function asOutsiders(bypass: pg.Client, openAs: Opened, suspended: Known, stranger: Known): Promise<Isolation> {
  const membership = async (status: string, { who }: Known) => {
    await bypass.query("update memberships set status = $1::membership_status where workos_user_id = $2 and org_id = $3", [
      status,
      who.userId,
      who.orgId,
    ]);
  };
  const { rows: removed } = await bypass.query<{ row: string }>(
    "select row_to_json(m)::text as row from memberships m where workos_user_id = $1",
    [stranger.who.userId],
  );
  await membership("suspended", suspended);
  await bypass.query("delete from memberships where workos_user_id = $1", [stranger.who.userId]);
  try {
    const personas = [suspended, stranger].map((known, index) => ({ ...known, name: index === 0 ? "suspended member" : "stranger" }));
    return await proveIsolation({ bypass, openAs, personas, emptyAllowed: EMPTY_ALLOWED });
  } finally {
    await membership("active", suspended);
    for (const { row } of removed)
      await bypass.query("insert into memberships select * from json_populate_record(null::memberships, $1::json) on conflict do nothing", [
        row,
      ]);
  }
}
