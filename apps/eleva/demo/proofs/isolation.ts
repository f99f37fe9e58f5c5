import type { Sandbox } from "@rehome/sandbox";
import { createTenancy } from "@rehome/tenancy";
import pg from "pg";
import { judge, type Proof } from "rehome";
import { proveIsolation } from "../../src/isolation/prove.ts";
import { throughTenancy } from "../../src/isolation/through-tenancy.ts";
import { sessionOf } from "./workos.ts";

/**
 * Proves that Postgres shows every moved person exactly what docs/who-sees-what.md says, and a stranger and a suspended member no more than
 * anonymous sees. Asked as each of them with a token that WorkOS signed.
 *
 * @param loginUrl the product's own login
 * @param bypass a connection past row security, not inside a transaction
 */
export async function proveElevaIsolation(bypass: pg.Client, loginUrl: string, workos: Sandbox["workos"]): Promise<Proof> {
  const people = await bypass.query<{ id: string; user: string; org: string }>(
    `select legacy_user_id as id, workos_user_id as "user", workos_organization_id as org from rehome.identity where moved order by 1`,
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
  try {
    const openAs = throughTenancy(createTenancy({ pool }));
    const emptyAllowed = ["record_shares"]; // nobody has granted a share yet
    const found = await proveIsolation({
      bypass,
      openAs,
      personas: [...personas, { name: "anonymous", who: { kind: "anonymous" } }],
      emptyAllowed,
    });
    const outsiders = suspended && last ? await asOutsiders(bypass, openAs, suspended, last) : [];
    const offenders = [
      ...found.differences.map(
        ({ persona, table, extra, missing }) => `${persona} on ${table}: ${extra} rows too many, ${missing} missing`,
      ),
      ...found.gaps,
      ...outsiders,
    ];
    const figure = `${personas.length} people, anonymous, a suspended member and a stranger on ${found.expected / (personas.length + 1)} relations; ${found.rowsSeen.toLocaleString("en-US")} rows seen, each by the rule`;
    return judge({ name: "isolation", checked: found.checked, expected: found.expected, figure, offenders });
  } finally {
    await pool.end();
  }
}

type Opened = Parameters<typeof proveIsolation>[0]["openAs"];
type Known = { name: string; who: { kind: "member"; userId: string; orgId: string }; token: string };

/** A suspended member and somebody whose organization is not mirrored hold good tokens and see what anonymous sees. */
async function asOutsiders(bypass: pg.Client, openAs: Opened, suspended: Known, stranger: Known): Promise<string[]> {
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
    const found = await proveIsolation({ bypass, openAs, personas, emptyAllowed: ["record_shares"] });
    return found.differences.map(
      ({ persona, table, extra, missing }) => `${persona} on ${table}: ${extra} rows too many, ${missing} missing`,
    );
  } finally {
    await membership("active", suspended);
    for (const { row } of removed)
      await bypass.query("insert into memberships select * from json_populate_record(null::memberships, $1::json) on conflict do nothing", [
        row,
      ]);
  }
}
