import { afterAll, beforeAll, expect, test } from "vitest";
import { CLIENTS, type PooledDatabase, pooledDatabase } from "./pooled-database.ts";

const SERVER_CONNECTIONS = 2;
const TRANSACTIONS_EACH = 60;

let pooled: PooledDatabase;
beforeAll(async () => {
  pooled = await pooledDatabase({ serverConnections: SERVER_CONNECTIONS });
});
afterAll(() => pooled.drop());

const SEEN = `select auth.user_id() as user, auth.org_id() as org, current_user::text as role, pg_backend_pid() as pid,
  (select count(*)::int from note) as notes, (select string_agg(distinct org_id, ',') from note) as orgs`;
const NOBODY = "select auth.user_id() as user, auth.org_id() as org, current_user::text as role, pg_backend_pid() as pid";

interface Seen {
  user: string | null;
  org: string | null;
  role: string;
  pid: number;
  notes?: number;
  orgs?: string | null;
}

test(`${CLIENTS} clients share ${SERVER_CONNECTIONS} server connections: each transaction sees its own organization, none fails`, async () => {
  const tokens = new Map(["A", "B"].map((organization) => [organization, pooled.token(organization)]));
  const wrong: unknown[] = [];
  const pids = new Set<number>();
  let done = 0;
  const own = (organization: string): Omit<Seen, "pid"> => ({
    user: `user_01${organization}`,
    org: `org_01${organization}`,
    role: "authenticated",
    notes: 500,
    orgs: `org_01${organization}`,
  });
  const check = (seen: Seen | undefined, expected: Omit<Seen, "pid">) => {
    const { pid, ...rest } = seen ?? { pid: 0 };
    pids.add(pid);
    done++;
    try {
      expect(rest).toEqual(expected);
    } catch {
      wrong.push({ rest, expected });
    }
  };

  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      for (let i = 0; i < TRANSACTIONS_EACH; i++) {
        const organization = (client + i) % 2 ? "A" : "B";
        // Every other member shows a new token each time, so that both ways in are mixed.
        const token = i % 4 < 2 ? (tokens.get(organization) ?? "") : pooled.token(organization);
        switch (i % 5) {
          case 0:
          case 1:
            check(await pooled.tenancy.as(token, async (_db, query) => (await query<Seen>(SEEN)).rows[0]), own(organization));
            break;
          case 2:
            check(await pooled.tenancy.as(pooled.token("STRANGER"), async (_db, query) => (await query<Seen>(SEEN)).rows[0]), {
              user: null,
              org: null,
              role: "authenticated",
              notes: 0,
              orgs: null,
            });
            break;
          case 3:
            check(await pooled.tenancy.anonymous(async (_db, query) => (await query<Seen>(NOBODY)).rows[0]), {
              user: null,
              org: null,
              role: "anonymous",
            });
            break;
          default: {
            const failing = pooled.tenancy.as(token, async (_db, query) => {
              check((await query<Seen>(SEEN)).rows[0], own(organization));
              await query("select 1 / 0");
            });
            await expect(failing).rejects.toMatchObject({ code: "query_failed", sqlstate: "22012" });
          }
        }
      }
    }),
  );

  expect(wrong).toEqual([]);
  expect(done).toBe(CLIENTS * TRANSACTIONS_EACH);
  expect(pids.size).toBe(SERVER_CONNECTIONS);
  expect(await pooled.serverConnections()).toBe(SERVER_CONNECTIONS);
});

test("writes of mixed identities land in their own organization", async () => {
  const id = (client: number, i: number) => 10_000 + client * 100 + i;
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      const organization = client % 2 ? "A" : "B";
      const token = pooled.token(organization);
      for (let i = 0; i < 10; i++) {
        await pooled.tenancy.as(token, (_db, query) =>
          query("insert into note (id, org_id, body) values ($1, auth.org_id(), auth.user_id())", [id(client, i)]),
        );
      }
    }),
  );
  const { rows } = await pooled.database.owner.query(
    "select (id - 10000) / 100 % 2 as odd, org_id, body, count(*)::int as n from note where id >= 10000 group by 1, 2, 3 order by 1",
  );
  expect(rows).toEqual([
    { odd: 0, org_id: "org_01B", body: "user_01B", n: 80 },
    { odd: 1, org_id: "org_01A", body: "user_01A", n: 80 },
  ]);
  await pooled.database.owner.query("delete from note where id >= 10000");
});

test("a suspended member sees nothing in the next statement, whichever server connection it meets", async () => {
  const count = () =>
    pooled.tenancy.as(
      pooled.token("B"),
      async (_db, query) => (await query<{ n: number }>("select count(*)::int as n from note")).rows[0]?.n,
    );
  expect(await count()).toBe(500);
  await pooled.database.owner.query("update memberships set status = 'inactive' where org_id = 'org_01B'");
  expect(await Promise.all(Array.from({ length: 8 }, count))).toEqual(Array(8).fill(0));
  await pooled.database.owner.query("update memberships set status = 'active' where org_id = 'org_01B'");
  expect(await Promise.all(Array.from({ length: 8 }, count))).toEqual(Array(8).fill(500));
});
