import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Attacker, type GuardedDatabase, guardedDatabase } from "./testing/guarded-database.ts";

let database: GuardedDatabase;
let login: Attacker;

beforeAll(async () => {
  database = await guardedDatabase();
  login = await database.connect();
});
afterAll(() => database.drop());

const COUNT = "select count(*)::int from note";
const SEAL = "select current_setting('auth.identity', true)";
const bind = (seal: Answer) => login.q("select set_config('auth.identity', $1, true)", [seal]);
const a = () => database.issuer.token();
const b = () => database.issuer.token({ sub: "user_01B", org_id: "org_01B", sid: "session_01B" });

describe("an identity", () => {
  test("opens the rows of its organization, and names it", async () => {
    await login.tx(async () => {
      expect(await login.init(a())).toBeUndefined();
      expect(await login.q(COUNT)).toBe(500);
      expect(await login.q("select auth.user_id()")).toBe("user_01A");
      expect(await login.q("select auth.org_id()")).toBe("org_01A");
      expect(await login.q("select auth.org_ids()")).toEqual(["org_01A"]);
      expect(await login.q("select auth.uid()")).toBeNull();
    });
  });

  test("takes role and permissions from the mirror, not from the token", async () => {
    await login.tx(async () => {
      await login.init(a());
      expect(await login.q("select auth.role()")).toBe("member");
      expect(await login.q("select auth.permissions()")).toEqual(["notes:read"]);
      expect(await login.q("select auth.session()")).toMatchObject({ role: "member", permissions: ["notes:read"], org_id: "org_01A" });
      expect(await login.q("select auth.session() ? 'roles'")).toBe(false);
      expect(await login.q("select auth.jwt() = auth.session()")).toBe(true);
    });
  });

  test("names a user whose id is a UUID as auth.uid(), too", async () => {
    const id = "0199a4b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b";
    await database.owner.query(
      "insert into memberships (org_id, workos_user_id, role_slug, permissions, status) values ('org_01U', $1, 'member', '{}', 'active')",
      [id],
    );
    await login.tx(async () => {
      await login.init(database.issuer.token({ sub: id, org_id: "org_01U" }));
      expect(await login.q("select auth.uid()")).toBe(id);
    });
  });

  test("works in a READ ONLY transaction", async () => {
    await login.q("begin read only; set local role authenticated");
    expect(await login.init(a())).toBeUndefined();
    expect(await login.q(COUNT)).toBe(500);
    await login.q("rollback");
  });

  test("needs READ COMMITTED, because a frozen snapshot would keep a suspended member's rights (RJ013)", async () => {
    for (const level of ["repeatable read", "serializable"]) {
      await login.q(`begin isolation level ${level}; set local role authenticated`);
      expect(await login.init(a())).toBe("RJ013");
      await login.q("rollback");
    }
    await login.tx(async () => {
      await login.init(a());
      expect(await login.q("set transaction isolation level repeatable read")).toBe("25001");
    });
  });

  test("ends at exp and the leeway: so says its seal", async () => {
    const exp = Math.floor(Date.now() / 1000) + 100;
    const seal = await login.tx(async () => {
      await login.init(database.issuer.token({ exp: exp + 0.7 }));
      return login.q(SEAL);
    });
    expect(String(seal).slice(73, 83)).toBe(String(exp + 5));
  });
});

// What only the guard can seal, sealed by the superuser.
const SEALED: Record<string, [tag: string, secondsLeft: number, organization: string | null]> = {
  "an identity": ["i", 60, "org_01A"],
  "an identity past its end, in an open transaction": ["i", -1, null],
  "something of another kind": ["x", 60, null],
};

test.each(Object.entries(SEALED))("a good seal of %s", async (_name, [tag, secondsLeft, organization]) => {
  const claims = JSON.stringify({ sub: "user_01A", org_id: "org_01A", sid: "session_01A" });
  await database.owner.query("begin");
  await database.owner.query("select auth.seal($1, $2, $3)", [tag, Math.floor(Date.now() / 1000) + secondsLeft, claims]);
  await database.owner.query("set local role authenticated");
  const { rows } = await database.owner.query("select auth.org_id(), auth.session() is not null as known");
  await database.owner.query("rollback");
  expect(rows).toEqual([{ org_id: organization, known: organization !== null }]);
});

// Arbitrary SQL of the application role; what it reaches.
const FORGED: Record<string, [attack: () => Promise<Answer>, reached: Answer]> = {
  "no identity": [() => login.q(COUNT), 0],
  "the customary setting request.jwt.claims": [
    async () => {
      await login.q(`select set_config('request.jwt.claims', '{"org_id":"org_01B","sub":"user_01B"}', true)`);
      return login.q(COUNT);
    },
    0,
  ],
  "plain claims instead of a seal": [
    async () => {
      await bind('{"sub":"user_01B","org_id":"org_01B","sid":"s"}');
      return login.q(COUNT);
    },
    0,
  ],
  "another organization inside a good seal": [
    async () => {
      await login.init(a());
      await bind(String(await login.q(SEAL)).replaceAll("01A", "01B"));
      return login.q(COUNT);
    },
    0,
  ],
  "a later end inside a good seal": [
    async () => {
      await login.init(a());
      const seal = String(await login.q(SEAL));
      await bind(`${seal.slice(0, 73)}9999999999${seal.slice(83)}`);
      return login.q(COUNT);
    },
    0,
  ],
  "another tag": [
    async () => {
      await login.init(a());
      const seal = String(await login.q(SEAL));
      await bind(`${seal.slice(0, 72)}x${seal.slice(73)}`);
      return login.q(COUNT);
    },
    0,
  ],
  "a key id that does not exist": [
    async () => {
      await login.init(a());
      const seal = String(await login.q(SEAL));
      await bind(`${seal.slice(0, 64)}zzzzzzzz${seal.slice(72)}`);
      return login.q(COUNT);
    },
    0,
  ],
  "a seal cut in the middle": [
    async () => {
      await login.init(a());
      await bind(String(await login.q(SEAL)).slice(0, 80));
      return login.q(COUNT);
    },
    0,
  ],
  "10 MB instead of a seal": [
    async () => {
      await bind("f".repeat(1e7));
      return login.q(COUNT);
    },
    0,
  ],
  "reset auth.identity": [
    async () => {
      await login.init(a());
      await login.q("reset auth.identity");
      return login.q(COUNT);
    },
    0,
  ],
  "literals read another way": [
    async () => {
      await login.q(
        "set local standard_conforming_strings = off; set local bytea_output = escape; set local extra_float_digits = -15; set local timezone = 'Asia/Kathmandu'; set local datestyle = 'SQL, DMY'",
      );
      await login.init(a());
      return login.q(COUNT);
    },
    500,
  ],
  "search_path to nowhere": [
    async () => {
      await login.q("set local search_path = ''");
      await login.init(a());
      return login.q("select count(*)::int from public.note");
    },
    500,
  ],
};

test.each(Object.entries(FORGED))("forged: %s", async (_name, [attack, reached]) => {
  expect(await login.tx(attack)).toBe(reached);
});

describe("a seal of another transaction", () => {
  test("brought back by hand", async () => {
    const kept = await login.tx(async () => {
      await login.init(a());
      return login.q(SEAL);
    });
    expect(
      await login.tx(async () => {
        await bind(kept);
        return login.q(COUNT);
      }),
    ).toBe(0);
  });

  test("kept at session level over COMMIT", async () => {
    await login.q("begin; set local role authenticated");
    await login.init(a());
    await login.q(`select set_config('auth.identity', current_setting('auth.identity'), false)`);
    await login.q("commit");
    expect(await login.q(SEAL)).toMatch(/^[0-9a-f]{64}/); // it is still there, and worth nothing
    expect(await login.tx(() => login.q(COUNT))).toBe(0);
    await login.q("reset all");
  });

  test("kept over COMMIT AND CHAIN", async () => {
    await login.q("begin; set local role authenticated");
    await login.init(a());
    await login.q(`select set_config('auth.identity', current_setting('auth.identity'), false)`);
    await login.q("commit and chain");
    await login.q("set role authenticated");
    expect(await login.q(COUNT)).toBe(0);
    await login.q("rollback; reset role; reset all");
  });

  test("carried through a DO block that commits", async () => {
    await login.q("set role authenticated");
    await login.q(`do $$ begin
      perform auth.jwt_session_init('${a()}');
      perform set_config('auth.identity', current_setting('auth.identity'), false);
      commit;
      perform set_config('loot.rows', (select count(*)::text from note), false);
    end $$`);
    expect(await login.q("select current_setting('loot.rows')")).toBe("0");
    await login.q("reset role; reset all");
  });

  test("taken to another session", async () => {
    const other = await database.connect();
    await login.tx(async () => {
      await login.init(a());
      const seal = await login.q(SEAL);
      const rows = await other.tx(async () => {
        await other.q("select set_config('auth.identity', $1, true)", [seal]);
        return other.q(COUNT);
      });
      expect(rows).toBe(0);
    });
  });

  // Limit: transactions of one simple-query message share transaction_timestamp. The client sends one statement per message.
  test("limit: works in the next transaction of the same message", async () => {
    const rows = await login.q(
      `begin; set local role authenticated; select auth.jwt_session_init('${a()}'); select set_config('auth.identity', current_setting('auth.identity'), false); commit; begin; set local role authenticated; ${COUNT}`,
    );
    expect(rows).toBe(500);
    await login.q("rollback; reset all");
  });
});

describe("savepoints and plans", () => {
  test("an identity set after a savepoint goes with it", async () => {
    expect(
      await login.tx(async () => {
        await login.q("savepoint s");
        await login.init(a());
        await login.q("rollback to s");
        return login.q(COUNT);
      }),
    ).toBe(0);
  });

  test("the earlier identity of the transaction comes back", async () => {
    const organization = await login.tx(async () => {
      await login.init(a());
      await login.q("savepoint s");
      await login.init(b());
      expect(await login.q("select auth.org_id()")).toBe("org_01B");
      await login.q("rollback to s");
      return login.q("select auth.org_id()");
    });
    expect(organization).toBe("org_01A");
  });

  test("a prepared statement asks again under the next identity", async () => {
    await login.tx(async () => {
      await login.init(a());
      await login.q("prepare p as select distinct org_id from note");
      for (let i = 0; i < 8; i++) expect(await login.q("execute p")).toBe("org_01A");
    });
    await login.q("prepare p as select distinct org_id from note"); // a rolled back PREPARE stays; either way it is there
    expect(
      await login.tx(async () => {
        await login.init(b());
        return login.q("execute p");
      }),
    ).toBe("org_01B");
    await login.q("deallocate all");
  });

  test("parallel workers have the identity, as InitPlan and per row", async () => {
    const parallel = "set local parallel_setup_cost = 0; set local parallel_tuple_cost = 0; set local min_parallel_table_scan_size = 0";
    await login.tx(async () => {
      await login.q(parallel);
      await login.init(a());
      const plan = await login.client.query(`explain (analyze, costs off) ${COUNT}`);
      expect(JSON.stringify(plan.rows)).toMatch(/Workers Launched: [12]/);
      expect(await login.q(COUNT)).toBe(500);
      await login.q("set local debug_parallel_query = on");
      expect(await login.q(COUNT)).toBe(500);
      expect(await login.q(`${COUNT} where org_id = auth.org_id()`)).toBe(500);
    });
  });

  test("limit: a cursor WITH HOLD keeps rows, not the identity; the client closes it", async () => {
    await login.q("begin; set local role authenticated");
    await login.init(a());
    await login.q("declare c cursor with hold for select * from note");
    await login.q("commit");
    expect(await login.tx(async () => (await login.client.query("fetch all c")).rowCount)).toBe(500);
    await login.q("close all");
  });
});

describe("rotation of the seal key", () => {
  test("open transactions keep their identity over one rotation, and lose it over the second", async () => {
    await login.tx(async () => {
      await login.init(a());
      await database.owner.query("select auth.rotate_seal_key()");
      expect(await login.q(COUNT)).toBe(500);
      await database.owner.query("select auth.rotate_seal_key()");
      expect(await login.q(COUNT)).toBe(0);
      await login.init(a());
      expect(await login.q(COUNT)).toBe(500);
    });
  });

  test("forget_old ends every identity at once", async () => {
    await login.tx(async () => {
      await login.init(a());
      await database.owner.query("select auth.rotate_seal_key(true)");
      expect(await login.q(COUNT)).toBe(0);
      await login.init(a());
      expect(await login.q(COUNT)).toBe(500);
    });
    const { rows } = await database.owner.query("select current, ipad <> opad as pads from auth.seal_key");
    expect(rows).toEqual([{ current: true, pads: true }]);
  });

  test("makes pads of one 32-byte key, another each time", async () => {
    const read = async () => {
      const { rows } = await database.owner.query<{ ipad: Buffer; opad: Buffer }>("select ipad, opad from auth.seal_key where current");
      return { inner: rows[0]?.ipad.map((x) => x ^ 0x36), outer: rows[0]?.opad.map((x) => x ^ 0x5c) };
    };
    const first = await read();
    await database.owner.query("select auth.rotate_seal_key()");
    const second = await read();
    expect(first.inner).toEqual(first.outer);
    expect(first.inner?.subarray(32)).toEqual(Buffer.alloc(32));
    expect(second.inner).not.toEqual(first.inner);
  });

  test("without a key no identity is bound (RJ014)", async () => {
    await database.owner.query("begin; delete from auth.seal_key; commit");
    expect(await login.tx(() => login.init(a()))).toBe("RJ014");
    await database.owner.query("select auth.rotate_seal_key()");
  });
});
