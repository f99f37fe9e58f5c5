import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { createDatabase } from "@rehome/sandbox";
import pg from "pg";
import { judge, type Proof } from "rehome";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { proveAnswers } from "./proofs/answers.ts";
import { proveElevaIsolation } from "./proofs/isolation.ts";
import { provePlan } from "./proofs/plan.ts";
import { fingerprint, proveRerun } from "./proofs/rerun.ts";
import { proveSignIn } from "./proofs/sign-in.ts";
import { proveWayBack } from "./proofs/way-back.ts";
import { writesSeen } from "./proofs/workos.ts";
import { rehome } from "./rehome.ts";
import { isolationFaults } from "./testing/isolation-faults.ts";
import { changeRow, deleteRows, type Fault, type Moved, planted, startMoved } from "./testing/moved.ts";
import { referenceFaults } from "./testing/reference-faults.ts";
import { rowFaults } from "./testing/row-faults.ts";
import { userFaults } from "./testing/user-faults.ts";

let moved: Moved;
beforeAll(async () => {
  moved = await startMoved();
});
afterAll(async () => {
  await moved?.stop();
});

const red = (proofs: ReadonlyMap<string, Proof>) => [...proofs.values()].filter((proof) => !proof.ok).map((proof) => proof.name);
const answers = () => proveAnswers(moved.target, moved.workos, moved.world.eleva.answers);
const isolation = () => proveElevaIsolation(moved.target, moved.world.env["DATABASE_URL"] ?? "", moved.world.sandbox.workos);
const signIn = (people: readonly string[]) => proveSignIn(moved.workos, moved.world.sandbox.workos.clientId, moved.world.eleva, people);

function expectNamed(proof: Proof | undefined, faults: readonly Fault[]): void {
  expect(proof?.ok).toBe(false);
  for (const { what, named } of faults)
    expect(proof?.offenders, what).toContainEqual(typeof named === "string" ? named : expect.stringMatching(named));
}

test("a proof over nothing does not hold, nor one that examined too little or found something", () => {
  const found = { name: "any", checked: 5, expected: 5, figure: "", offenders: [] };
  expect(judge(found).ok).toBe(true);
  expect(judge({ ...found, checked: 0, expected: 0 }).ok).toBe(false);
  expect(judge({ ...found, checked: 4 }).ok).toBe(false);
  expect(judge({ ...found, checked: 6 }).ok).toBe(false);
  expect(judge({ ...found, offenders: ["something"] }).ok).toBe(false);
});

describe("what `rehome verify` proves", () => {
  test("holds after a run", () => {
    const { proofs } = moved.first["verify"] as { proofs: Proof[] };
    expect(proofs.map(({ name, ok }) => [name, ok])).toEqual([
      ["users", true],
      ["rows", true],
      ["references", true],
      ["records", true],
    ]);
    for (const proof of proofs) expect(proof.checked, proof.name).toBeGreaterThan(30);
  });

  // Each of these runs also shows that what the one before had planted is repaired and its proof green again.
  for (const [name, faults] of [
    ["users", userFaults],
    ["rows", rowFaults],
    ["references", referenceFaults],
  ] as const) {
    test(`${name}: ${faults.length} planted faults are each named, and turn no other proof red`, async () => {
      const proofs = await planted(moved, faults, () => moved.verify());
      expect(red(proofs)).toEqual([name]);
      expectNamed(proofs.get(name), faults);
    });
  }

  test("records: another key proves nothing", async () => {
    const proofs = await moved.verify({ ENCRYPTION_KEY: randomBytes(32).toString("hex") });
    expect(red(proofs)).toEqual(["records"]);
    expect(proofs.get("records")?.offenders).toEqual(["no record decrypts with ENCRYPTION_KEY"]);
  });

  test("records: another text is named, the same text under another iv is not (other bytes are the rows' affair)", async () => {
    const { rows } = await moved.target.query<{ id: string; stored: string }>(
      "select id, encrypted_content as stored from records order by id",
    );
    const readable = rows.filter((row) => decrypted(row.stored) !== undefined);
    const [one, other] = [readable[0], readable[1]];
    const write = (row: typeof one, text: string) =>
      changeRow(moved.target, "records", `id = '${row?.id}'`, { encrypted_content: `'${encrypted(text)}'` });
    const faults: Fault[] = [
      { what: "another text", plant: () => write(one, "another text"), named: `record ${one?.id}: encrypted_content differs` },
      { what: "another iv", plant: () => write(other, decrypted(other?.stored ?? "") ?? ""), named: "" },
    ];
    const proofs = await planted(moved, faults, () => moved.verify());
    expect(red(proofs)).toEqual(["rows", "records"]);
    expect(proofs.get("records")?.offenders).toEqual([`record ${one?.id}: encrypted_content differs`]);
  });
});

describe("plan", () => {
  let plan: Record<string, unknown>;
  const world = () => moved.world.eleva;
  beforeAll(async () => {
    plan = (await rehome(moved.world, ["plan"])).result;
  });

  test("equals the answer file", () => expect(provePlan(plan, world())).toMatchObject({ ok: true, offenders: [] }));

  test("a person decided otherwise, for another reason, twice or not at all", () => {
    const decisions = plan["decisions"] as { legacyUserId: string; disposition: string; reason: string }[];
    const [first, ...rest] = decisions;
    for (const wrong of [
      [{ ...first, disposition: "exclude" }, ...rest],
      [{ ...first, reason: "no_credential_at_all" }, ...rest],
      [...decisions, first],
      rest,
    ])
      expect(provePlan({ ...plan, decisions: wrong }, world()).ok).toBe(false);
  });

  test("a table with a row more, with another reason to stay, too many tables, or one too few", () => {
    const tables = plan["tables"] as { table: string; rows: number; stays: Record<string, number> }[];
    const [first, ...rest] = tables;
    for (const wrong of [
      [{ ...first, rows: (first?.rows ?? 0) + 1 }, ...rest],
      [{ ...first, stays: { ...first?.stays, by_mistake: 1 } }, ...rest],
      [...tables, { table: "leftovers", rows: 1, stays: {} }],
      rest,
    ])
      expect(provePlan({ ...plan, tables: wrong }, world()).ok).toBe(false);
  });

  test("over nothing", () => {
    const nobody = { ...world(), answers: { ...world().answers, people: {}, rowCounts: {} as never } };
    expect(provePlan({}, nobody).ok).toBe(false);
    expect(provePlan({}, world()).ok).toBe(false);
  });
});

describe("answers", () => {
  const faults: Fault[] = [
    {
      what: "a column that comes from Clerk",
      plant: ({ target, world }) => {
        const person = world.eleva.answers.persons[0]?.target.find((row) => row.table === "users");
        return changeRow(
          target,
          "users",
          `id in (select row_id from rehome.identity where legacy_user_id = '${world.eleva.answers.persons[0]?.clerkId}') or id::text = '${person?.row["id"]}'`,
          { last_name: "last_name || 'x'" },
        );
      },
      named: /: users\.last_name differs$/,
    },
    {
      what: "a role",
      plant: ({ target, people }) => changeRow(target, "memberships", `workos_user_id = '${people[0]?.user}'`, { role_slug: "'member'" }),
      named: /: memberships\.role_slug differs$/,
    },
    {
      what: "a row too few in a table that nothing is mapped back from",
      plant: ({ target }) => deleteRows(target, "platform_roles", "ctid = (select min(ctid) from platform_roles)"),
      named: /^platform_roles: \d+ rows, the answer file says \d+$/,
    },
  ];

  test("holds; each fault is named while `rehome verify` stays green, and it holds again", async () => {
    expect(await answers()).toMatchObject({ ok: true, offenders: [] });
    await planted(moved, faults, async () => {
      expectNamed(await answers(), faults);
      expect(red(await moved.verify())).toEqual([]);
    });
    expect(await answers()).toMatchObject({ ok: true, offenders: [] });
  });

  test("over nothing", async () => {
    const nothing = { ...moved.world.eleva.answers, rows: {} as never, persons: [] };
    expect((await proveAnswers(moved.target, moved.workos, nothing)).ok).toBe(false);
    expect((await proveAnswers(moved.target, moved.workos, { ...nothing, targetCounts: {} })).ok).toBe(false);
  });
});

describe("sign-in", () => {
  const keeping = () =>
    Object.entries(moved.world.eleva.answers.people)
      .filter(([, person]) => person.disposition === "move" && person.reason.startsWith("password"))
      .map(([id]) => id);
  const accountOf = (id: string) => moved.people.find((person) => person.id === id)?.user ?? "";

  test("holds; a changed password and a lost factor are named, and it holds again", async () => {
    const { clerkUsers, totpSecrets } = moved.world.eleva;
    const { userManagement, multiFactorAuth } = moved.workos;
    expect(await signIn(keeping())).toMatchObject({ ok: true, expected: keeping().length });
    const changed = clerkUsers.find((user) => keeping().includes(user.id) && user.password_hasher === "bcrypt" && !user.totp_secret);
    const factored = clerkUsers.find((user) => keeping().includes(user.id) && user.totp_secret);
    const faults: Fault[] = [
      {
        what: "another password",
        plant: async () => {
          await userManagement.updateUser({ userId: accountOf(changed?.id ?? ""), password: "quite another password" });
          return () =>
            userManagement.updateUser({
              userId: accountOf(changed?.id ?? ""),
              passwordHash: changed?.password_digest ?? "",
              passwordHashType: "bcrypt",
            });
        },
        named: `${changed?.id}: does not sign in with the old password`,
      },
      {
        what: "no factor",
        plant: async () => {
          const userId = accountOf(factored?.id ?? "");
          const { data } = await multiFactorAuth.listUserAuthFactors({ userId });
          await multiFactorAuth.deleteFactor(data[0]?.id ?? "");
          return () =>
            multiFactorAuth.createUserAuthFactor({ userId, type: "totp", totpSecret: totpSecrets.get(factored?.id ?? "") ?? "" });
        },
        named: `${factored?.id}: signs in without a code`,
      },
    ];
    const some = [changed?.id ?? "", factored?.id ?? "", ...keeping().slice(0, 3)];
    await planted(moved, faults, async () => expectNamed(await signIn(some), faults));
    expect(await signIn(some)).toMatchObject({ ok: true });
  });

  test("a wrong password that is let in", async () => {
    // Another person than above: one address has few tries a minute.
    const person = moved.world.eleva.clerkUsers.findLast(
      (user) => keeping().includes(user.id) && user.password_hasher === "bcrypt" && !user.totp_secret,
    );
    const userId = accountOf(person?.id ?? "");
    await moved.workos.userManagement.updateUser({ userId, password: `${moved.world.eleva.passwords.get(person?.id ?? "")}x` });
    expect((await signIn([person?.id ?? ""])).offenders).toContain(`${person?.id}: signs in with a wrong password`);
    await moved.workos.userManagement.updateUser({ userId, passwordHash: person?.password_digest ?? "", passwordHashType: "bcrypt" });
    expect(await signIn([person?.id ?? ""])).toMatchObject({ ok: true });
  });

  test("over nobody, and over somebody who is unknown", async () => {
    expect((await signIn([])).ok).toBe(false);
    expect((await signIn([...keeping().slice(0, 1), "user_unknown"])).ok).toBe(false);
  });
});

describe("isolation", () => {
  test("holds; wrong policies are named while `rehome verify` stays green, and it holds again", async () => {
    const proof = await isolation();
    expect(proof).toMatchObject({ ok: true, offenders: [], expected: (moved.people.length + 3) * 30 });
    await planted(moved, isolationFaults, async () => {
      expectNamed(await isolation(), isolationFaults);
      expect(red(await moved.verify())).toEqual([]);
    });
    expect(await isolation()).toMatchObject({ ok: true });
  });

  test("over nobody", async () => {
    await moved.target.query("begin");
    const { rows } = await moved.target.query<{ id: string }>(
      "update rehome.identity set moved = false where moved returning legacy_user_id as id",
    );
    await moved.target.query("commit");
    try {
      expect((await isolation()).offenders).toContain("nobody has moved");
    } finally {
      await moved.target.query("update rehome.identity set moved = true where legacy_user_id = any($1)", [rows.map((row) => row.id)]);
    }
  });
});

describe("way-back", () => {
  let legacy: pg.Client;
  let replayed: pg.Client;
  beforeAll(async () => {
    const { sandbox } = moved.world;
    await moved.legacy.end(); // a template must not be connected to
    await createDatabase(sandbox.legacy.url("postgres"), "legacy_replayed", "legacy");
    [legacy, replayed] = [
      new pg.Client(sandbox.legacy.url("legacy", "rehome_legacy")),
      new pg.Client(sandbox.legacy.url("legacy_replayed", "rehome_legacy")),
    ];
    await Promise.all([legacy.connect(), replayed.connect()]);
    await legacy.query("set rehome.apply = 'on'");
    await replayed.query("set rehome.apply = 'on'");
  });
  afterAll(async () => {
    await Promise.all([legacy?.end(), replayed?.end()]);
  });

  const faults: Fault[] = [
    {
      what: "one value",
      plant: () => changeRow(legacy, `"events"`, "true", { name: "name || 'x'" }),
      named: "events: 1 rows differ or are missing, 0 too many",
    },
    {
      what: "a row is missing",
      plant: () => deleteRows(legacy, "blocked_dates", "id = (select max(id) from blocked_dates)"),
      named: "blocked_dates: 1 rows differ or are missing, 0 too many",
    },
    {
      what: "a row too many",
      plant: async () => {
        await legacy.query("insert into stripe_processed_events (event_id, event_type) values ('evt_of_nobody', 'charge.refunded')");
        return () => legacy.query("delete from stripe_processed_events where event_id = 'evt_of_nobody'");
      },
      named: "stripe_processed_events: 0 rows differ or are missing, 1 too many",
    },
    {
      what: "a sequence behind its keys",
      plant: async () => {
        const { rows } = await legacy.query<{ last: string }>(
          "select pg_sequence_last_value(pg_get_serial_sequence('payment_transfers', 'id')) as last",
        );
        await legacy.query("select setval(pg_get_serial_sequence('payment_transfers', 'id'), 1)");
        return () => legacy.query("select setval(pg_get_serial_sequence('payment_transfers', 'id'), $1)", [rows[0]?.last]);
      },
      named: /^public\.payment_transfers_id_seq is behind its keys$/,
    },
    {
      what: "a table that the other one does not have",
      plant: async () => {
        await legacy.query("create table leftovers (id integer primary key)");
        return () => legacy.query("drop table leftovers");
      },
      named: "leftovers cannot be compared",
    },
  ];

  test("holds; each fault is named, and it holds again", async () => {
    expect(await proveWayBack(legacy, replayed, 1)).toMatchObject({ ok: true, checked: 15 });
    await planted(moved, faults, async () => expectNamed(await proveWayBack(legacy, replayed, 1), faults));
    expect(await proveWayBack(legacy, replayed, 1)).toMatchObject({ ok: true });
  });

  test("over no writes, and over no rows", async () => {
    expect((await proveWayBack(legacy, replayed, 0)).ok).toBe(false);
    const empty = new pg.Client(moved.world.sandbox.legacy.url("postgres"));
    await empty.connect();
    try {
      expect((await proveWayBack(empty, empty, 1)).ok).toBe(false);
    } finally {
      await empty.end();
    }
  });
});

describe("rerun", () => {
  test("a second run changes nothing; a row, a table and a write at WorkOS are named", async () => {
    const now = async () => fingerprint(moved.target, await writesSeen(moved.world.sandbox.workos));
    const before = await now();
    expect((await rehome(moved.world, ["run"])).code).toBe(0);
    expect(proveRerun(before, await now())).toMatchObject({ ok: true, offenders: [] });
    const faults: Fault[] = [
      {
        what: "a value",
        plant: ({ target }) => changeRow(target, "services", "true", { name: "name || 'x'" }),
        named: "public.services changed",
      },
      {
        what: "an id",
        plant: ({ target }) => changeRow(target, "rehome.identity", "moved", { workos_membership_id: "'om_another'" }),
        named: "rehome.identity changed",
      },
      {
        what: "a table",
        plant: async ({ owner }) => {
          await owner.query("create table leftovers (id integer primary key); grant select on leftovers to rehome_mover");
          return () => owner.query("drop table leftovers");
        },
        named: "public.leftovers changed",
      },
    ];
    await planted(moved, faults, async () => expectNamed(proveRerun(before, await now()), faults));
    expect(proveRerun(before, await now())).toMatchObject({ ok: true });
    await moved.workos.userManagement.updateUser({ userId: moved.people[0]?.user ?? "", firstName: "Another" });
    expect(proveRerun(before, await now()).offenders).toEqual(["writes at WorkOS changed"]);
  });

  test("over nothing", () => {
    expect(proveRerun(new Map(), new Map()).ok).toBe(false);
    const empty = new Map([
      ["public.services", "0 0"],
      ["writes at WorkOS", "0"],
    ]);
    expect(proveRerun(empty, empty).ok).toBe(false);
  });
});

test("users: a WorkOS user who was deleted is missed; nothing brings that account back, so this comes last", async () => {
  expect(red(await moved.verify())).toEqual([]);
  await moved.workos.userManagement.deleteUser(moved.people[0]?.user ?? "");
  const proofs = await moved.verify();
  expect(red(proofs)).toEqual(["users"]);
  expect(proofs.get("users")?.offenders).toContain(`${moved.people[0]?.id}: no WorkOS user, organization or membership`);
});

const keyBytes = () => Buffer.from(moved.world.eleva.encryptionKey, "hex");

function decrypted(stored: string): string | undefined {
  try {
    const { encryptedContent, iv, tag } = JSON.parse(stored) as Record<string, string>;
    const decipher = createDecipheriv("aes-256-gcm", keyBytes(), Buffer.from(iv ?? "", "hex"), { authTagLength: 16 });
    decipher.setAuthTag(Buffer.from(tag ?? "", "hex"));
    return decipher.update(encryptedContent ?? "", "hex", "utf8") + decipher.final("utf8");
  } catch {
    return undefined;
  }
}

function encrypted(text: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", keyBytes(), iv);
  const encryptedContent = cipher.update(text, "utf8", "hex") + cipher.final("hex");
  return JSON.stringify({ encryptedContent, iv: iv.toString("hex"), tag: cipher.getAuthTag().toString("hex") });
}
