import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Attacker, type GuardedDatabase, guardedDatabase } from "./testing/guarded-database.ts";
import { identityOf, PART, readSealKey, SEALED, sealOf } from "./testing/seal.ts";

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
const parts = (seal: Answer) => String(seal).split(SEALED)[1]?.split(PART) ?? [];
/** The same seal over other parts. */
const altered = (seal: Answer, change: (parts: string[]) => void) => {
  const changed = parts(seal);
  change(changed);
  return String(seal).split(SEALED)[0] + SEALED + changed.join(PART);
};
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
    expect(parts(seal)[1]).toBe(String(exp + 5));
  });
});

// Sealed by node with the key that a superuser reads: the test's own HMAC agrees with the guard's, and each part counts.
const mark = async () => (await database.owner.query<{ n: string }>("select last_value::text as n from auth.revoked")).rows[0]?.n ?? "";
const hour = () => Math.floor(Date.now() / 1000) + 3600;
const HOME: Record<string, [parts: (mark: string) => (string | number)[], organization: string | null, tag?: "i" | "c" | "t"]> = {
  "an identity": [(m) => ["v3", hour(), m, "user_01A", "org_01A", "s"], "org_01A"],
  "an identity with an old mark of revocations": [(m) => ["v3", hour(), Number(m) - 1, "user_01A", "org_01A", "s"], "org_01A"],
  "an identity past its end, in an open transaction": [(m) => ["v3", hour() - 3601, m, "user_01A", "org_01A", "s"], null],
  "an identity of another version of the guard": [(m) => ["v2", hour(), m, "user_01A", "org_01A", "s"], null],
  "an identity without organization": [(m) => ["v3", hour(), m, "user_01A", "", "s"], null],
  "the same, sealed as claims": [(m) => ["v3", hour(), m, "user_01A", "org_01A", "s"], null, "c"],
  "the same, sealed as a ticket": [(m) => ["v3", hour(), m, "user_01A", "org_01A", "s"], null, "t"],
};

test.each(Object.entries(HOME))("sealed by hand: %s", async (_name, [shape, organization, tag = "i"]) => {
  const sealKey = await readSealKey(database.owner);
  const body = shape(await mark());
  expect(
    await login.tx(async () => {
      const start = Buffer.from(String(await login.q("select encode(timestamptz_send(transaction_timestamp()), 'hex')")), "hex");
      await bind(tag === "i" ? identityOf(sealKey, start, body) : sealOf(sealKey, tag, start, body.join(PART)) + SEALED + body.join(PART));
      return await login.q("select auth.org_id()");
    }),
  ).toBe(organization);
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
      await bind(altered(await login.q(SEAL), (p) => p.splice(1, 1, "9999999999")));
      return login.q(COUNT);
    },
    0,
  ],
  "another mark of revocations inside a good seal": [
    async () => {
      await login.init(a());
      await bind(altered(await login.q(SEAL), (p) => p.splice(2, 1, "0")));
      return login.q(COUNT);
    },
    0,
  ],
  "another slot of the key": [
    async () => {
      await login.init(a());
      const seal = String(await login.q(SEAL));
      await bind((seal.startsWith("0") ? "1" : "0") + seal.slice(1));
      return login.q(COUNT);
    },
    0,
  ],
  "a slot that does not exist": [
    async () => {
      await login.init(a());
      await bind(`2${String(await login.q(SEAL)).slice(1)}`);
      return login.q(COUNT);
    },
    0,
  ],
  "a part moved over a border": [
    async () => {
      await login.init(a());
      await bind(altered(await login.q(SEAL), (p) => p.splice(3, 2, `${p[3]}${PART}${p[4]}`.slice(0, -1), "A")));
      return login.q(COUNT);
    },
    0,
  ],
  "numbers that are none": [
    async () => {
      await bind(`0${"0".repeat(64)}${SEALED}${["v3", "x", "y", "user_01B", "org_01B", "s"].join(PART)}`);
      return login.q(COUNT);
    },
    0,
  ],
  "the claims' seal as an identity": [
    async () => {
      await login.init(a());
      await login.q("select set_config('auth.identity', current_setting('auth.claims'), true)");
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
  "sequences of the session discarded": [
    async () => {
      await login.init(a());
      await login.q(COUNT);
      await login.q("discard sequences");
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
    expect(await login.q(SEAL)).toMatch(/^[01][0-9a-f]{64}/); // it is still there, and worth nothing
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
  test.each([
    "begin isolation level repeatable read",
    "begin isolation level serializable",
    "begin; set transaction isolation level serializable",
  ])("carried into the next transaction of one message with a frozen snapshot: %s", async (begin) => {
    await login.q(
      `begin; set local role authenticated; select auth.jwt_session_init('${a()}'); select set_config('auth.identity', current_setting('auth.identity'), false); commit; ${begin}; set local role authenticated; select 1`,
    );
    expect(await login.q("select auth.org_id()")).toBeNull();
    expect(await login.q(COUNT)).toBe(0);
    await login.q("rollback; reset all");
  });

  test("limit: works in the next transaction of the same message", async () => {
    const rows = await login.q(
      `begin; set local role authenticated; select auth.jwt_session_init('${a()}'); select set_config('auth.identity', current_setting('auth.identity'), false); commit; begin; set local role authenticated; ${COUNT}`,
    );
    expect(rows).toBe(500);
    await login.q("rollback; reset all");
  });
});

describe("the claims", () => {
  test("belong to the identity they were bound with, in this transaction", async () => {
    const claims = "select current_setting('auth.claims', true)";
    const bindClaims = (text: Answer) => login.q("select set_config('auth.claims', $1, true)", [text]);
    const kept = await login.tx(async () => {
      await login.init(a());
      return login.q(claims);
    });
    await login.tx(async () => {
      await login.init(a());
      const ofA = await login.q(claims);
      expect(await login.q("select auth.session() ->> 'sub'")).toBe("user_01A");
      await bindClaims(kept);
      expect(await login.q("select auth.session()")).toBeNull();
      await bindClaims(String(ofA).replaceAll("user_01A", "user_01B"));
      expect(await login.q("select auth.session()")).toBeNull();
      await login.init(b());
      await bindClaims(ofA);
      expect(await login.q("select auth.session()")).toBeNull();
      expect(await login.q("select auth.org_id()")).toBe("org_01B");
    });
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
    const { rows } = await database.owner.query("select generation::text, current from auth.seal_key");
    expect(rows).toEqual([{ generation: String((await readSealKey(database.owner)).generation), current: true }]);
  });

  test("changes the key, all of it, and leaves the one before until the next", async () => {
    const first = await readSealKey(database.owner);
    await database.owner.query("select auth.rotate_seal_key()");
    const second = await readSealKey(database.owner);
    expect(second.generation).toBe(first.generation + 1n);
    for (const i of [0, 1] as const) expect(second.stored[i]).not.toBe(first.stored[i]);
    const { rows } = await database.owner.query("select generation::text as g from auth.seal_key order by current desc");
    expect(rows).toEqual([{ g: String(second.generation) }, { g: String(first.generation) }]);
  });

  test("without a key no identity is bound (RJ014)", async () => {
    await database.owner.query("alter sequence auth.seal_0a restart; alter sequence auth.seal_1a restart");
    expect(await login.tx(() => login.init(a()))).toBe("RJ014");
    await database.owner.query("select auth.rotate_seal_key()");
  });
});
