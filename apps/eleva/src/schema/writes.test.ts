import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attempt, attemptAsJob } from "../testing/attempt.ts";
import { fillSmallProduct } from "../testing/small-product.ts";
import { type TargetDatabase, type TargetTemplate, targetTemplate } from "../testing/target-database.ts";

const REFUSED = "42501"; // no right, or a policy's WITH CHECK

let template: TargetTemplate;
let target: TargetDatabase;

beforeAll(async () => {
  template = await targetTemplate(fillSmallProduct);
  target = await template.copy();
});
afterAll(async () => {
  await target?.drop();
  await template?.drop();
});

const as = (who: string, sql: string, params: unknown[] = []) => attempt(target, who, sql, params);
const asJob = (job: string, sql: string) => attemptAsJob(target.owner, job, sql);

describe("L6: nobody writes an identity, a role or a membership", () => {
  test.each([
    "update users set workos_user_id = 'user_olga'",
    "update users set org_id = 'org_clinic'",
    "update users set email = 'olga@example.test', email_verified = true",
    "update users set id = gen_random_uuid()",
    "update users set username = 'olga'",
    "insert into users (org_id, workos_user_id, email) values ('org_ana', 'user_new', 'x@example.test')",
    "delete from users",
    "insert into platform_roles (workos_user_id, role, org_id) values ('user_ana', 'superadmin', 'org_ana')",
    "update platform_roles set role = 'superadmin'",
    "update memberships set role_slug = 'owner', status = 'active'",
    "insert into memberships (org_id, workos_user_id, id, role_slug, status) values ('org_rui', 'user_ana', 'x', 'owner', 'active')",
    "update organizations set tier = 'enterprise'",
    "update expert_setup set payment = true",
    "update identity_verifications set stripe_identity_verified = true",
  ])("%s", async (sql) => {
    expect(await as("ana@ana", sql)).toBe(REFUSED);
  });

  test("names, image, country and preferences are one's own to change, and nobody else's", async () => {
    const sql =
      "update users set first_name = 'A', last_name = 'B', image_url = 'i', country = 'pt', security_preferences = '{}', updated_at = now()";
    expect(await as("ana@ana", sql)).toBe(1);
    expect(await as("ana@clinic", `${sql} where workos_user_id <> 'user_ana'`)).toBe(0);
    expect(await as("anonymous", sql)).toBe(REFUSED);
  });
});

describe("L7: money is written by jobs only", () => {
  test.each([
    "update payment_transfers set amount = 1000000",
    "update payment_transfers set status = 'APPROVED', requires_approval = false",
    "insert into payment_transfers select * from payment_transfers",
    "delete from payment_transfers",
    "update meeting_payments set stripe_amount = 0",
    "insert into meeting_payments (meeting_id, org_id, patient_org_id) select id, org_id, patient_org_id from meetings",
    "update billing_accounts set has_had_subscription = false",
    "update payout_accounts set stripe_connect_account_id = 'acct_2'",
    "update service_stripe set stripe_price_id = 'x'",
    "update session_pack_stripe set stripe_price_id = 'x'",
    "update pack_purchases set redemptions_used = 0",
    "insert into pack_purchases select * from pack_purchases",
    "delete from slot_reservations",
    "update meeting_receipts set amount = 0",
  ])("%s", async (sql) => {
    expect([REFUSED, "55000"]).toContain(await as("ana@ana", sql)); // 55000: the view is not updatable
  });

  test("the payments job writes them, and a payment only with its meeting's own organizations", async () => {
    expect(await asJob("payments", "update payment_transfers set status = 'READY'")).toBe(6);
    expect(await asJob("payments", "update meeting_payments set patient_org_id = 'org_ana' where patient_org_id = 'org_pia'")).toBe(
      REFUSED,
    );
    expect(await asJob("payments", "select encrypted_content from records")).toBe(REFUSED);
    expect(await asJob("payments", "select guest_notes from meetings")).toBe(REFUSED);
  });
});

describe("L8: no row comes into another organization, and none leaves its own", () => {
  const own = {
    profiles: "insert into profiles (org_id, workos_user_id, first_name, last_name) values ($1, 'user_sam', 'S', 'S')",
    services: "insert into services (org_id, workos_user_id, name, slug, duration_minutes) values ($1, 'user_ana', 'n', 's', 30)",
    schedules: "insert into schedules (org_id, workos_user_id, timezone) values ($1, 'user_sam', 'UTC')",
    scheduling_settings: "insert into scheduling_settings (org_id, workos_user_id) values ($1, 'user_ana')",
    blocked_dates: "insert into blocked_dates (org_id, workos_user_id, date) values ($1, 'user_ana', '2026-01-01')",
    schedule_availabilities: `insert into schedule_availabilities (org_id, schedule_id, start_time, end_time, day_of_week)
      values ($1, md5('schedule rui')::uuid, '09:00', '10:00', 'monday')`,
    session_packs: `insert into session_packs (org_id, workos_user_id, service_id, name, sessions_count, price_cents)
      values ($1, 'user_ana', md5('service rui')::uuid, 'n', 1, 1)`,
    records: `insert into records (org_id, patient_org_id, meeting_id, expert_user_id, guest_email, encrypted_content)
      values ($1, 'guest_0', md5('meeting rui guest')::uuid, 'user_ana', 'x', 'x')`,
    record_shares: `insert into record_shares (record_id, org_id, grantee_user_id, expires_at)
      values (md5('record ana pia')::uuid, $1, 'user_ana', now() + interval '1 day')`,
  };

  test.each(Object.entries(own))("%s: the organization of an insert cannot be forged", async (_table, sql) => {
    expect(await as("ana@ana", sql, ["org_rui"])).toBe(REFUSED);
    expect(await as("anonymous", sql, ["org_rui"])).toBe(REFUSED);
  });

  test.each(Object.entries(own))("%s: the parent of an insert, or the person, is of the same organization", async (table, sql) => {
    const outcome = await as("ana@ana", sql, ["org_ana"]);
    const ofHerself = ["services", "scheduling_settings", "blocked_dates"].includes(table);
    expect(outcome).toBe(ofHerself ? 1 : REFUSED);
  });

  test.each([
    "update profiles set org_id = 'org_rui'",
    "update services set org_id = 'org_rui'",
    "update services set workos_user_id = 'user_rui'",
    "update schedules set org_id = 'org_rui'",
    "update meetings set org_id = 'org_rui'",
    "update meetings set patient_org_id = 'org_ana'",
    "update meetings set service_id = md5('service rui')::uuid",
    "update meetings set imported = true",
    "update records set patient_org_id = 'org_ana'",
    "update records set meeting_id = md5('meeting rui guest')::uuid",
    "update session_packs set service_id = md5('service rui')::uuid",
    "update schedule_availabilities set schedule_id = md5('schedule rui')::uuid",
  ])("%s", async (sql) => {
    expect(await as("ana@ana", sql)).toBe(REFUSED);
  });

  test("policies refuse it too where a careless grant would allow it", async () => {
    const { owner } = target;
    await owner.query("begin; grant update on services, meetings, records, profiles to authenticated; set local role authenticated");
    try {
      await owner.query("select auth.jwt_session_init($1)", [await target.token("user_ana", "org_ana")]);
      for (const table of ["services", "meetings", "records", "profiles"]) {
        await owner.query("savepoint before");
        await expect(owner.query(`update ${table} set org_id = 'org_rui'`)).rejects.toMatchObject({ code: REFUSED });
        await owner.query("rollback to before");
      }
    } finally {
      await owner.query("rollback");
    }
  });

  test("others' rows are not there to update or delete", async () => {
    expect(await as("ana@ana", "update services set price_cents = 1 where org_id = 'org_rui'")).toBe(0);
    expect(await as("ana@ana", "delete from blocked_dates where org_id <> 'org_ana'")).toBe(0);
    expect(await as("pia@pia", "update meetings set starts_at = now(), ends_at = now() + interval '1 hour'")).toBe(0);
    expect(await as("pia@pia", "update records set encrypted_content = ''")).toBe(0);
    expect(await as("rui@rui", "update records set encrypted_content = '' where expert_user_id = 'user_ana'")).toBe(0);
  });

  test("a suspended member and a stranger write nothing", async () => {
    const insert = "insert into blocked_dates (org_id, workos_user_id, date) values ('org_clinic', 'user_sam', '2026-01-01')";
    expect(await as("sam@clinic", insert)).toBe(REFUSED);
    expect(await as("rui@clinic", insert.replace("sam", "rui"))).toBe(REFUSED);
  });

  test("a person's own work goes through", async () => {
    expect(await as("ana@ana", "update meetings set guest_notes = 'n', updated_at = now() where id = md5('meeting ana pia')::uuid")).toBe(
      1,
    );
    expect(await as("ana@ana", "update records set encrypted_content = 'y', version = version + 1 where expert_user_id = 'user_ana'")).toBe(
      2,
    );
    expect(
      await as(
        "olga@clinic",
        "insert into services (org_id, workos_user_id, name, slug, duration_minutes) values ('org_clinic', 'user_ana', 'n', 's', 30)",
      ),
    ).toBe(1);
    expect(
      await as(
        "ana@ana",
        `insert into records (org_id, patient_org_id, meeting_id, expert_user_id, guest_email, encrypted_content)
           values ('org_ana', 'org_pia', md5('meeting ana pia')::uuid, 'user_ana', 'x', 'x')`,
      ),
    ).toBe(1);
  });

  test("a member of a clinic makes no row in a stranger's name", async () => {
    const sql = "insert into services (org_id, workos_user_id, name, slug, duration_minutes) values ('org_clinic', $1, 'n', 's', 30)";
    for (const user of ["user_rui", "user_sam", "user_ivo"]) expect(await as("olga@clinic", sql, [user])).toBe(REFUSED);
  });

  test("nobody but assign_id's owner draws from a shared sequence, and inserts still get numbers", async () => {
    for (const sequence of ["blocked_dates_id_seq", "scheduling_settings_id_seq"]) {
      expect(await as("ana@ana", `select count(nextval('${sequence}')) from generate_series(1, 10)`)).toBe(REFUSED);
      expect(await as("ana@ana", `select setval('${sequence}', 2147483647)`)).toBe(REFUSED);
    }
    const column = "insert into scheduling_settings (id, org_id, workos_user_id) values (default, 'org_ana', 'user_ana') returning id";
    expect(await as("ana@ana", column)).toBe(1); // as Drizzle says it
    expect(await as("ana@ana", "select public.assign_id()")).toBe(REFUSED);
  });

  test("the mover keeps the numbers it brings", async () => {
    const sql =
      "insert into blocked_dates (id, org_id, workos_user_id, date) values (4711, 'org_ana', 'user_ana', '2026-01-01') returning id";
    await target.owner.query("begin; set local role rehome_mover");
    expect((await target.owner.query(sql)).rows).toEqual([{ id: 4711 }]);
    await target.owner.query("rollback");
  });

  test("a number chosen for a serial key is not taken", async () => {
    const sql = "insert into blocked_dates (id, org_id, workos_user_id, date) values (1, 'org_ana', 'user_ana', '2026-01-01') returning id";
    expect(await as("ana@ana", sql)).toBe(1); // 1 exists: without the trigger this is 23505
  });
});

describe("L9: categories, and rows that nobody may destroy", () => {
  test("nobody but the admin job edits categories", async () => {
    for (const sql of ["update categories set name = 'x'", "delete from categories", "insert into categories (name) values ('x')"]) {
      expect(await as("olga@clinic", sql)).toBe(REFUSED); // olga is a platform admin
    }
    expect(await asJob("admin", "insert into categories (name) values ('x')")).toBe(1);
    expect(await asJob("admin", "select id from records")).toBe(REFUSED);
    expect(await asJob("admin", "select guest_notes from meetings")).toBe(REFUSED);
  });

  test("a service with meetings or reservations stays, because deleting it would take records along; an unused one goes", async () => {
    expect(await as("ana@ana", "delete from services where name = 'ana'")).toBe(0);
    expect(await as("rui@rui", "delete from services where name = 'rui'")).toBe(0);
    expect(await as("rui@rui", "delete from services where name = 'rui unused'")).toBe(1);
  });

  test.each(["meetings", "slot_reservations"])("%s that the booking job makes while the expert deletes the service stay", async (table) => {
    const own = await template.copy();
    const deleting = new pg.Client({ connectionString: own.url });
    await deleting.connect();
    try {
      const id = "md5('service rui unused')::uuid";
      await deleting.query("begin; set local role authenticated");
      await deleting.query("select auth.jwt_session_init($1)", [await own.token("user_rui", "org_rui")]);
      // Its snapshot is older than the booking, which commits while it waits.
      await own.owner.query("select pg_advisory_lock(4711)");
      const { rows: backends } = await deleting.query<{ pid: number }>("select pg_backend_pid() as pid");
      const deleted = deleting
        .query(`delete from services where id = ${id} and (select true from pg_advisory_xact_lock(4711))`)
        .then(({ rowCount }) => rowCount)
        .catch((error: { code: string }) => error.code);
      const waitsFor = async () =>
        (await own.owner.query("select wait_event from pg_stat_activity where pid = $1", [backends[0]?.pid])).rows[0]?.wait_event;
      await expect.poll(waitsFor, { timeout: 10_000 }).toBe("advisory");
      await own.owner.query("begin; set local role rehome_job_booking");
      const columns = table === "meetings" ? "guest_name, timezone" : "expires_at";
      const values = table === "meetings" ? "'x', 'UTC'" : "'2027-01-01'";
      await own.owner.query(`insert into ${table} (org_id, patient_org_id, service_id, expert_user_id, guest_email, starts_at, ends_at, ${columns})
        values ('org_rui', 'guest_0', ${id}, 'user_rui', 'x', '2026-06-01 10:00Z', '2026-06-01 11:00Z', ${values})`);
      await own.owner.query("commit; select pg_advisory_unlock(4711)");

      expect(await deleted).toBe("23503");
      await deleting.query("rollback");
      expect((await own.owner.query(`select from ${table} where service_id = ${id}`)).rowCount).toBe(1);
    } finally {
      await deleting.end();
      await own.drop();
    }
  });

  test("a service with packs stays until the expert has deleted them", async () => {
    const pack = `insert into session_packs (org_id, workos_user_id, service_id, name, sessions_count, price_cents)
      values ('org_rui', 'user_rui', md5('service rui unused')::uuid, 'n', 1, 1)`;
    await target.owner.query(`begin; ${pack}`);
    await expect(target.owner.query("delete from services where name = 'rui unused'")).rejects.toMatchObject({ code: "23503" });
    await target.owner.query("rollback");
  });

  test("nobody deletes a profile, which would take the agreement along", async () => {
    expect(await as("ana@ana", "delete from profiles")).toBe(REFUSED);
  });

  test("records and meetings cannot be deleted, standing cannot be written", async () => {
    for (const sql of [
      "delete from records",
      "delete from meetings",
      "update profile_standing set is_verified = true",
      "truncate meetings",
    ]) {
      expect(await as("ana@ana", sql)).toBe(REFUSED);
    }
  });
});

test("the IP address of an agreement is not shown with the profile", async () => {
  expect(await as("anonymous", "select is_verified, is_top_expert, display_order from profile_standing")).toBe(1);
  expect(await as("anonymous", "select practitioner_agreement_ip_address from profile_standing")).toBe(REFUSED);
});

describe("a job changes what it must, never whose a row is", () => {
  test.each([
    ["booking", "update slot_reservations set service_id = md5('service rui')::uuid, org_id = 'org_rui', expert_user_id = 'user_rui'"],
    ["booking", "update slot_reservations set patient_org_id = 'org_paul'"],
    ["booking", "update guests set email_key = 'ana@example.test'"],
    ["booking", "update guests set email = 'ana@example.test'"],
    ["booking", "update guests set org_id = 'org_pia'"],
    ["booking", "insert into guests (org_id, email_key, email) values ('org_pia', 'x', 'x')"],
    ["payments", "update pack_purchases set org_id = 'org_rui'"],
    ["payments", "update pack_purchases set pack_id = md5('pack rui')::uuid"],
    ["payments", "update pack_purchases set buyer_org_id = 'org_paul'"],
    [
      "payments",
      `insert into pack_purchases (org_id, buyer_org_id, pack_id, buyer_email, promotion_code, max_redemptions)
         values ('org_rui', 'org_pia', md5('pack ana')::uuid, 'x', 'x', 1)`,
    ],
    ["payments", "update payment_transfers set org_id = 'org_rui'"],
    ["payments", "update payment_transfers set expert_user_id = 'user_rui'"],
    ["payments", "update payment_transfers set expert_connect_account_id = 'acct_2'"],
    ["payments", "update meeting_payments set org_id = 'org_rui'"],
    ["payments", "update billing_accounts set workos_user_id = 'user_rui'"],
    ["payments", "update payout_accounts set org_id = 'org_rui'"],
    ["payments", "update service_stripe set org_id = 'org_rui'"],
    ["identity", "update identity_verifications set workos_user_id = 'user_rui'"],
    ["admin", "update profile_standing set org_id = 'org_rui'"],
    ["admin", "update profile_standing set profile_id = md5('profile rui')::uuid"],
  ])("%s: %s", async (job, sql) => {
    expect(await asJob(job, sql)).toBe(REFUSED);
  });

  test.each([
    ["booking", "update slot_reservations set expires_at = now(), gentle_reminder_sent_at = now(), updated_at = now()", 3],
    ["booking", "update guests set name = 'G'", 1],
    ["payments", "update pack_purchases set redemptions_used = 1, status = 'active', updated_at = now()", 3],
    ["payments", "update payment_transfers set status = 'READY', admin_notes = 'n', updated_at = now()", 6],
    ["payments", "update billing_accounts set stripe_customer_id = 'cus_' || workos_user_id", 7],
    ["payments", "update payout_accounts set stripe_connect_account_id = 'acct_1'", 7],
    ["identity", "update identity_verifications set stripe_identity_verified = true", 7],
    ["admin", "update profile_standing set is_verified = true, practitioner_agreement_version = '2'", 3],
  ])("%s may: %s", async (job, sql, rows) => {
    expect(await asJob(job, sql)).toBe(rows);
  });

  test("policies refuse it too where a careless grant would allow it", async () => {
    const { owner } = target;
    const wholes: [job: string, table: string, sql: string][] = [
      ["payments", "pack_purchases", "org_id = 'org_clinic'"],
      ["payments", "billing_accounts", "org_id = 'org_clinic'"],
      ["identity", "identity_verifications", "workos_user_id = 'user_nobody'"],
      ["admin", "profile_standing", "org_id = 'org_pia'"],
      ["booking", "guests", "org_id = 'org_pia'"],
    ];
    for (const [job, table, set] of wholes) {
      await owner.query(`begin; grant update on ${table} to rehome_job_${job}; set local role rehome_job_${job}`);
      await expect(owner.query(`update ${table} set ${set}`), table).rejects.toMatchObject({ code: REFUSED });
      await owner.query("rollback");
    }
  });
});

describe("L10: no duplicate and no overlap slips in", () => {
  const book = (start: string, end: string, more = "") =>
    `insert into meetings (org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, starts_at, ends_at, timezone${more && ", imported"})
       values ('org_ana', 'guest_0', md5('service ana')::uuid, 'user_ana', 'x', 'x', '${start}', '${end}', 'UTC'${more})`;

  test("two meetings of one expert never overlap once booked here", async () => {
    const twice = `with one as (${book("2026-05-01 10:00Z", "2026-05-01 11:00Z")}) ${book("2026-05-01 10:30Z", "2026-05-01 11:30Z")}`;
    const next = `with one as (${book("2026-05-01 10:00Z", "2026-05-01 11:00Z")}) ${book("2026-05-01 11:00Z", "2026-05-01 12:00Z")}`;
    expect(await asJob("booking", twice)).toBe("23P01");
    expect(await asJob("booking", next)).toBe(1);
  });

  test("a meeting ends after it starts, has a patient's organization, and is not imported", async () => {
    expect(await asJob("booking", book("2026-05-01 10:00Z", "2026-05-01 09:00Z"))).toBe("23514");
    expect(await asJob("booking", book("2026-05-01 10:00Z", "2026-05-01 11:00Z").replace("'guest_0'", "null"))).toBe("23502");
    expect(await asJob("booking", book("2026-05-01 10:00Z", "2026-05-01 11:00Z", ", true"))).toBe(REFUSED);
  });

  test("a meeting is of its service's own expert and organization", async () => {
    expect(await asJob("booking", book("2026-05-01 10:00Z", "2026-05-01 11:00Z").replace("service ana", "service rui"))).toBe(REFUSED);
  });

  test("imported meetings that overlap or end before they start are there", async () => {
    const { rows } = await target.owner.query("select count(*)::int as n from meetings where imported");
    expect(rows).toEqual([{ n: 6 }]);
  });

  test("the booking job makes guests' organizations and no other", async () => {
    const organization = (id: string, claimed: boolean) =>
      `insert into organizations (id, type, claimed) values ('${id}', 'patient_personal', ${claimed})`;
    expect(await asJob("booking", organization("guest_1", false))).toBe(1);
    expect(await asJob("booking", organization("org_new", false))).toBe(REFUSED);
    expect(await asJob("booking", organization("guest_1", true))).toBe(REFUSED);
  });
});

describe("L11: records of what happened are not the product's to write", () => {
  test.each(["rehome_job_payments", "authenticated", "anonymous"])("%s and the migrations' record", async (role) => {
    await target.owner.query(`begin; set local role ${role}`);
    await expect(target.owner.query("insert into drizzle.__drizzle_migrations (hash) values ('x')")).rejects.toMatchObject({
      code: REFUSED,
    });
    await target.owner.query("rollback");
  });

  test.each([
    "insert into stripe_processed_events values ('evt_2', 'x')",
    "delete from stripe_processed_events",
    "insert into guests values ('org_ana', 'x', 'x')",
  ])("%s", async (sql) => {
    expect(await as("ana@ana", sql)).toBe(REFUSED);
  });
});

describe("L12: half-made people see nothing and are completed by running again", () => {
  test("an organization without a membership is nobody's", async () => {
    expect(await as("pia@nowhere", "select from organizations")).toBe(0);
  });

  test("the sync job writes a person again without a duplicate", async () => {
    const sql = `insert into memberships (org_id, workos_user_id, id, role_slug, status) values ('org_pia', 'user_pia', 'om_again', 'owner', 'active')
      on conflict (org_id, workos_user_id) do update set id = excluded.id, role_slug = excluded.role_slug, status = excluded.status`;
    expect(await asJob("sync", sql)).toBe(1);
    expect(await asJob("sync", "select id from meetings")).toBe(REFUSED);
  });
});

describe("shares and claims", () => {
  const share =
    "insert into record_shares (record_id, org_id, grantee_user_id, expires_at) values (md5($1)::uuid, 'org_pia', 'user_olga', now() + interval '1 day')";

  test("a patient shares and ends shares of the own records only", async () => {
    expect(await as("pia@pia", share, ["record ana pia"])).toBe(1);
    expect(await as("pia@pia", share, ["record clinic paul"])).toBe(REFUSED);
    expect(await as("pia@pia", "update record_shares set expires_at = now()")).toBe(3);
    expect(await as("pia@pia", "update record_shares set grantee_user_id = 'user_pia'")).toBe(REFUSED);
    expect(await as("pia@pia", "delete from record_shares")).toBe(3);
    expect(await as("rui@rui", "delete from record_shares")).toBe(0);
  });

  test("a share that runs out while a message of several statements waits is closed for the rest of it", async () => {
    const { owner } = target;
    const count = "select count(*)::int as n from records where org_id = 'org_ana'";
    await owner.query("begin");
    try {
      await owner.query("update record_shares set expires_at = clock_timestamp() + interval '500 ms' where grantee_user_id = 'user_rui'");
      await owner.query("set local role authenticated");
      await owner.query("select auth.jwt_session_init($1)", [await target.token("user_rui", "org_rui")]);
      const results = (await owner.query(`${count}; select pg_sleep(0.7); ${count}`)) as unknown as pg.QueryResult<{ n: number }>[];
      expect([results[0]?.rows[0]?.n, results[2]?.rows[0]?.n]).toEqual([1, 0]);
    } finally {
      await owner.query("rollback");
    }
  });

  test("the claim job gives a guest's rows to who proved the address, and touches nobody else's", async () => {
    const claim = (table: string, column = "patient_org_id") => `update ${table} set ${column} = 'org_paul' where ${column} = 'guest_0'`;
    for (const table of ["meetings", "records", "slot_reservations", "meeting_payments"])
      expect(await asJob("claim", claim(table))).toBeGreaterThan(0);
    expect(await asJob("claim", claim("pack_purchases", "buyer_org_id"))).toBe(2);
    expect(await asJob("claim", "update records set patient_org_id = 'org_paul' where patient_org_id = 'org_pia'")).toBe(0);
    expect(await asJob("claim", "update records set patient_org_id = 'guest_0' where patient_org_id = 'guest_0'")).toBe(REFUSED);
    expect(await asJob("claim", "select encrypted_content from records")).toBe(REFUSED);
  });
});
