import type { WorkosTwin } from "@rehome/sandbox";
import {
  changeOrganizationType,
  claimGuest,
  deleteOrganization,
  ensurePersonalOrganization,
  erasePerson,
  foundOrganization,
  hasOwnFeature,
  inviteMember,
  listMyOrganizations,
  openDeletions,
  pollEvents,
  type RunJob,
  requestDeletion,
} from "@rehome/tenancy";
import type { User, WorkOS } from "@workos-inc/node";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { workosRoles } from "../move/permissions.ts";
import { startOrganizationJobs, startWorkosWithRoles } from "../testing/at-workos.ts";
import { fillSmallProduct } from "../testing/small-product.ts";
import { type TargetDatabase, type TargetTemplate, targetTemplate } from "../testing/target-database.ts";
import { organizations } from "./definition.ts";
import { eraseByAddress } from "./install.ts";

let template: TargetTemplate;
let twin: WorkosTwin;
let workos: WorkOS;
beforeAll(async () => {
  const [made, atWorkos] = await Promise.all([targetTemplate(fillSmallProduct), startWorkosWithRoles()]);
  template = made;
  ({ twin, workos } = atWorkos);
});
afterAll(async () => {
  await twin?.stop();
  await template?.drop();
});

interface Eleva extends TargetDatabase {
  sync: RunJob;
  claim: RunJob;
  deletion: RunJob;
  rows<Row extends object>(sql: string, params?: unknown[]): Promise<Row[]>;
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** The small product, and its background jobs. */
async function product(): Promise<Eleva> {
  const target = await template.copy();
  const jobs = await startOrganizationJobs(target);
  open.push(async () => {
    await jobs.stop();
    await target.drop();
  });
  return {
    ...target,
    ...jobs.run,
    rows: async <Row extends object>(sql: string, params: unknown[] = []) => (await target.owner.query<Row>(sql, params)).rows,
  };
}

const person = (email: string): Promise<User> => workos.userManagement.createUser({ email, emailVerified: true });

async function signUp(eleva: Eleva, user: User, type: "patient_personal" | "expert_individual"): Promise<string> {
  const parts = { workos, run: eleva.sync };
  const home = () => ensurePersonalOrganization(parts, { user, name: "Nora" });
  const asked = Array.from({ length: 10 }, () =>
    type === "patient_personal" ? home() : home().then(() => foundOrganization(parts, { user, type, name: "Nora" })),
  );
  const [org, ...others] = await Promise.all(asked);
  expect(new Set([org, ...others]).size).toBe(1);
  return org as string;
}

/** Rows that name an organization, by table and column; counted by a superuser over the names of all columns. */
async function naming(eleva: Eleva, org: string): Promise<Record<string, number>> {
  const columns = await eleva.rows<{ t: string; c: string }>(
    `select table_name as t, column_name as c from information_schema.columns
      where table_schema = 'public' and (column_name like '%org\\_id' or (table_name = 'organizations' and column_name = 'id'))
        and table_name not in (select table_name from information_schema.views where table_schema = 'public')`,
  );
  expect(columns.length).toBeGreaterThanOrEqual(32);
  const counted: Record<string, number> = {};
  for (const { t, c } of columns) {
    const [row] = await eleva.rows<{ n: number }>(`select count(*)::int as n from "${t}" where "${c}" = $1`, [org]);
    if (row?.n) counted[`public.${t}.${c}`] = row.n;
  }
  return counted;
}

/** Tables of the product and of schema tenancy in which a text stands somewhere in a row. */
async function saying(eleva: Eleva, text: string): Promise<string[]> {
  const tables = await eleva.rows<{ name: string }>(
    `select oid::regclass::text as name from pg_class where relkind in ('r', 'p') and relnamespace in ('public'::regnamespace, 'tenancy'::regnamespace) order by 1`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const [row] = await eleva.rows<{ n: number }>(
      `select count(*)::int as n from ${name} t where row_to_json(t)::text like '%' || $1 || '%'`,
      [text],
    );
    if (row?.n) found.push(name);
  }
  return found;
}

/** How many rows of each table do not belong to an organization. */
async function ofOthers(eleva: Eleva, org: string): Promise<Record<string, number>> {
  const tables = await eleva.rows<{ t: string }>(
    "select table_name as t from information_schema.columns where table_schema = 'public' and column_name = 'org_id' order by 1",
  );
  const counted: Record<string, number> = {};
  for (const { t } of tables) {
    const [row] = await eleva.rows<{ n: number }>(`select count(*)::int as n from "${t}" where org_id not in ($1, 'org_erased')`, [org]);
    counted[t] = row?.n ?? 0;
  }
  return counted;
}

/** Work whose process dies after two, three or four transactions, again and again until it comes to an end. */
async function withCrashes(run: RunJob, work: (run: RunJob) => Promise<void>): Promise<number> {
  for (let crashes = 0; ; crashes++) {
    let left = 2 + (crashes % 3);
    const dying: RunJob = async (step) => {
      if (left-- === 0) throw new Error("the process died");
      return await run(step);
    };
    try {
      await work(dying);
      return crashes;
    } catch (error) {
      if ((error as Error).message !== "the process died" || crashes > 200) throw error;
    }
  }
}

test("roles mean at WorkOS what they mean in the database", async () => {
  const eleva = await product();
  for (const [role, patterns] of Object.entries(organizations.roles)) {
    const [row] = await eleva.rows<{ permissions: string[] }>("select tenancy.expand_permissions($1) as permissions", [patterns]);
    expect(row?.permissions, role).toEqual([...(workosRoles[role as keyof typeof workosRoles]?.permissions ?? [])].sort());
  }
});

test("a patient signs up, gets what a guest left, is refused company, and is forgotten (R51, R60, R61)", async () => {
  const eleva = await product();
  const user = await person("gil@example.test");
  const org = await signUp(eleva, user, "patient_personal");
  const [made] = await eleva.rows("select type, tier, claimed from organizations where id = $1", [org]);
  expect(made).toEqual({ type: "patient_personal", tier: "free", claimed: true });

  const token = await eleva.token(user.id, org);
  const own = () =>
    eleva.tenancy.as(token, async (_db, query) => ({
      organizations: await listMyOrganizations(query),
      meetings: (await query<{ id: string }>("select id from meetings")).rows.length,
      calendar: await hasOwnFeature(query, "calendar"),
    }));
  expect(await own()).toEqual({
    organizations: [
      expect.objectContaining({ orgId: org, type: "patient_personal", tier: "free", role: "owner", status: "active", current: true }),
    ],
    meetings: 0,
    calendar: false,
  });

  const left = await naming(eleva, "guest_0");
  const given = await claimGuest({ workos, run: eleva.claim }, user.id);
  expect(given).toEqual({
    "public.meetings.patient_org_id": 2,
    "public.meeting_payments.patient_org_id": 2,
    "public.records.patient_org_id": 2,
    "public.slot_reservations.patient_org_id": 1,
    "public.pack_purchases.buyer_org_id": 2,
  });
  expect(left).toEqual({ ...given, "public.guests.org_id": 1, "public.organizations.id": 1 });
  expect(await naming(eleva, "guest_0")).toEqual({});
  expect((await own()).meetings).toBe(2);

  const invite = inviteMember(
    { workos, run: eleva.sync },
    { orgId: org, email: "lee@example.test", roleSlug: "member", inviterUserId: user.id },
  );
  await expect(invite).rejects.toMatchObject({ code: "solo_organization" });

  // The experts' accounts repeat the patient; they belong to the experts.
  await eleva.owner.query(
    `update payment_transfers p set event_id = m.id::text, guest_name = 'Gil', guest_email = 'gil@example.test', guest_phone = '+351 1'
       from meetings m where p.payment_intent_id = 'pi_' || m.id and m.patient_org_id = '${org}'`,
  );
  await eleva.owner.query(
    `insert into payment_transfers (org_id, expert_user_id, payment_intent_id, checkout_session_id, event_id, expert_connect_account_id, amount, platform_fee,
         session_start_time, scheduled_transfer_time, guest_name, guest_email, guest_phone)
       values ('org_rui', 'user_rui', 'pi_of_a_pack', 'cs_of_a_pack', 'pack', 'acct', 1, 1, now(), now(), 'Gil', 'Gil@example.test', '+351 1')`,
  );
  await eleva.owner.query(
    `update meeting_payments set stripe_metadata = '{"customer": "gil@example.test"}' where patient_org_id = '${org}';
     update meetings set guest_email = 'gil@example.test', guest_phone = '+351 1' where patient_org_id = '${org}'`,
  );
  expect(await saying(eleva, "gil@example.test")).toEqual(["meeting_payments", "meetings", "payment_transfers", "tenancy.object", "users"]);
  const before = await ofOthers(eleva, org);

  await expect(requestDeletion({ sync: eleva.sync }, { orgId: org, actor: "user_rui" })).rejects.toMatchObject({ code: "not_owner" });
  await requestDeletion({ sync: eleva.sync }, { orgId: org, actor: user.id, erasePeople: true });
  expect(await own()).toEqual({ organizations: [], meetings: 0, calendar: false });
  const crashes = await withCrashes(eleva.deletion, (deletion) =>
    deleteOrganization({ workos, deletion }, org, { archive: eraseByAddress }),
  );
  expect(crashes).toBeGreaterThan(3);

  expect(await openDeletions(eleva)).toEqual([]);
  expect(await naming(eleva, org)).toEqual({});
  for (const text of ["gil@example.test", "Gil", "+351 1", "guest@example.test"]) {
    expect(
      (await saying(eleva, text)).filter((table) => table !== "tenancy.archive"),
      text,
    ).toEqual([]);
  }
  // What belongs to experts is all there, but for the records, which are archived, and the slot that was held.
  const gone = { records: (before["records"] ?? 0) - 2, slot_reservations: (before["slot_reservations"] ?? 0) - 1 };
  expect(await ofOthers(eleva, org)).toEqual({ ...before, ...gone });
  const kept = await eleva.rows(
    "select rel, count(*)::int as n, min(extract(year from age(keep_until, deleted_at)))::int as years from tenancy.archive where org_id = $1 group by 1 order by 1",
    [org],
  );
  expect(kept).toEqual([
    { rel: "public.meeting_payments", n: 2, years: 10 },
    { rel: "public.meetings", n: 2, years: 20 },
    { rel: "public.pack_purchases", n: 2, years: 10 },
    { rel: "public.records", n: 2, years: 20 },
  ]);
  await expect(workos.organizations.getOrganization(org)).rejects.toMatchObject({ status: 404 });
  await expect(workos.userManagement.getUser(user.id)).rejects.toMatchObject({ status: 404 });
});

test("an expert's organization goes, the owner only, with what it owns and no row of another (R59)", async () => {
  const eleva = await product();
  const before = await ofOthers(eleva, "org_ana");
  await expect(requestDeletion({ sync: eleva.sync }, { orgId: "org_ana", actor: "user_olga" })).rejects.toMatchObject({
    code: "not_owner",
  });
  await requestDeletion({ sync: eleva.sync }, { orgId: "org_ana", actor: "user_ana" });
  await withCrashes(eleva.deletion, (deletion) => deleteOrganization({ workos, deletion }, "org_ana"));

  expect(await naming(eleva, "org_ana")).toEqual({});
  // Pia's meeting, record, held slot and pack were Ana's rows. A share goes with the record that it shared.
  expect(await ofOthers(eleva, "org_ana")).toEqual({ ...before, record_shares: (before["record_shares"] ?? 0) - 2 });
  // Rui's meeting names a service of hers: it stays for the meeting, on nobody's offer.
  expect(await eleva.rows("select name, workos_user_id, is_active from services where org_id = 'org_erased'")).toEqual([
    { name: "ana", workos_user_id: "", is_active: false },
  ]);
  const [archived] = await eleva.rows<{ records: number; meetings: number }>(
    `select (count(*) filter (where rel = 'public.records'))::int as records, (count(*) filter (where rel = 'public.meetings'))::int as meetings
       from tenancy.archive where org_id = 'org_ana'`,
  );
  expect(archived).toEqual({ records: 2, meetings: 2 });
});

test("what comes while a patient is being deleted is archived too, and leaves nobody's name", async () => {
  const eleva = await product();
  await eleva.owner.query(
    "update payment_transfers p set event_id = m.id::text, guest_name = 'Pia' from meetings m where p.payment_intent_id = 'pi_' || m.id",
  );
  await requestDeletion({ sync: eleva.sync }, { orgId: "org_pia", actor: "user_pia" });
  const late = crypto.randomUUID();
  let [booked, paid] = [false, false];
  await deleteOrganization({ workos, deletion: eleva.deletion }, "org_pia", {
    batchRows: 1,
    async onStep({ state, rel }) {
      if (state !== "emptying") return;
      // The booking job and Stripe know nothing of the deletion. The first step has copied all that was there.
      if (!booked) {
        booked = true;
        await eleva.owner.query(
          `insert into meetings (id, org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, guest_notes, starts_at, ends_at, timezone)
             values ('${late}', 'org_rui', 'org_pia', md5('service rui')::uuid, 'user_rui', 'pia@example.test', 'Pia', 'came late', '2026-05-01 10:00Z', '2026-05-01 11:00Z', 'UTC')`,
        );
        const user = await person("pia@example.test");
        await eleva.owner.query("update users set workos_user_id = $1 where org_id = 'org_pia'", [user.id]);
        await expect(claimGuest({ workos, run: eleva.claim }, user.id)).rejects.toMatchObject({ code: "organization_gone" });
      }
      if (!paid && rel === "public.memberships") {
        paid = true;
        await transfer("before the end");
      }
    },
  });
  async function transfer(name: string): Promise<void> {
    await eleva.owner.query(
      `insert into payment_transfers (org_id, expert_user_id, payment_intent_id, checkout_session_id, event_id, expert_connect_account_id, amount, platform_fee,
           session_start_time, scheduled_transfer_time, guest_name, guest_email)
         values ('org_rui', 'user_rui', 'pi ' || $1, 'cs ' || $1, $2, 'acct', 1, 1, now(), now(), 'Pia', 'pia@example.test')`,
      [name, late],
    );
  }
  await transfer("after it");

  expect([booked, paid]).toEqual([true, true]);
  expect(await naming(eleva, "org_pia")).toEqual({});
  expect(await eleva.rows("select org_id, patient_org_id as patient, guest_name, guest_notes from meetings where id = $1", [late])).toEqual(
    [{ org_id: "org_rui", patient: "org_erased", guest_name: "", guest_notes: null }],
  );
  const [copy] = await eleva.rows(
    "select content ->> 'guest_notes' as notes from tenancy.archive where rel = 'public.meetings' and row_key like '%' || $1 || '%'",
    [late],
  );
  expect(copy).toEqual({ notes: "came late" });
  expect(
    await eleva.rows("select count(*)::int as n, count(guest_name)::int as named from payment_transfers where event_id = $1", [late]),
  ).toEqual([{ n: 2, named: 0 }]);
  const named = await eleva.rows(
    "select from payment_transfers where guest_name = 'Pia' and event_id in (select id::text from meetings where patient_org_id = 'org_erased')",
  );
  expect(named).toEqual([]);
});

test("whoever is forgotten leaves nothing of hers in the clinic where she worked, and the clinic its appointments (R60)", async () => {
  const eleva = await product();
  const [eva, bea] = [await person("eva.clinic@example.test"), await person("bea.clinic@example.test")];
  const clinic = await signUp(eleva, eva, "expert_individual");
  const home = await signUp(eleva, bea, "patient_personal");
  const parts = { workos, run: eleva.sync };
  await changeOrganizationType(parts, { orgId: clinic, actor: eva.id, type: "clinic" });
  const { id } = await inviteMember(parts, { orgId: clinic, email: "bea.clinic@example.test", roleSlug: "member", inviterUserId: eva.id });
  await workos.userManagement.acceptInvitation(id);
  await pollEvents(parts);
  for (const [who, name] of [
    [eva.id, "Eva"],
    [bea.id, "Beatriz"],
  ]) {
    await eleva.owner.query(
      `with p as (insert into profiles (org_id, workos_user_id, first_name, last_name, long_bio) values ($1, $2, $3, 'Costa', 'The life of ' || $3) returning id),
         t as (insert into profile_standing (profile_id, org_id, practitioner_agreement_ip_address) select id, $1, '203.0.113.7' from p),
         h as (insert into schedules (org_id, workos_user_id, timezone) values ($1, $2, 'Europe/Lisbon') returning id),
         w as (insert into schedule_availabilities (org_id, schedule_id, start_time, end_time, day_of_week) select $1, id, '09:00', '10:00', 'monday' from h),
         b as (insert into blocked_dates (org_id, workos_user_id, date, reason) values ($1, $2, '2026-05-01', $3 || ' is away')),
         s as (insert into services (org_id, workos_user_id, name, slug, duration_minutes) values ($1, $2, 'Talk', 'talk', 30) returning id)
       insert into meetings (org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, starts_at, ends_at, timezone)
         select $1, 'org_pia', id, $2, 'pia@example.test', 'Pia', '2026-05-02 10:00Z', '2026-05-02 11:00Z', 'UTC' from s`,
      [clinic, who, name],
    );
  }
  await eleva.owner.query(
    "insert into record_shares (record_id, org_id, grantee_user_id, expires_at) select id, patient_org_id, $1, now() + interval '1 day' from records limit 1",
    [bea.id],
  );
  const before = await ofOthers(eleva, home);

  await erasePerson({ workos, ...eleva }, { userId: bea.id, orgId: home }, { archive: eraseByAddress });
  for (const text of ["Beatriz", "bea.clinic@example.test"]) expect(await saying(eleva, text), text).toEqual([]);
  const after = await ofOthers(eleva, home);
  const gone = Object.fromEntries(
    Object.entries(before).flatMap(([table, n]) => (n === after[table] ? [] : [[table, n - (after[table] ?? 0)]])),
  );
  expect(gone).toEqual({ blocked_dates: 1, profile_standing: 1, profiles: 1, record_shares: 1, schedule_availabilities: 1, schedules: 1 });
  // The clinic's appointments and services say who it was by an id that nobody has any more.
  const by = await eleva.rows(
    "select expert_user_id = $2 as hers, count(*)::int as n from meetings where org_id = $1 group by 1 order by 1",
    [clinic, bea.id],
  );
  expect(by).toEqual([
    { hers: false, n: 1 },
    { hers: true, n: 1 },
  ]);
  await expect(workos.userManagement.getUser(bea.id)).rejects.toMatchObject({ status: 404 });
});

test("an expert becomes a clinic, invites for seven days with a role, and the member works on the clinic's schedule (R56, R57, R62, R64)", async () => {
  const eleva = await product();
  const eva = await person("eva@example.test");
  const bea = await person("bea@example.test");
  const org = await signUp(eleva, eva, "expert_individual");
  const practice = await signUp(eleva, bea, "expert_individual");
  const parts = { workos, run: eleva.sync };
  const invitation = { orgId: org, email: "bea@example.test", roleSlug: "member", inviterUserId: eva.id };
  await expect(inviteMember(parts, invitation)).rejects.toMatchObject({ code: "solo_organization" });
  await expect(changeOrganizationType(parts, { orgId: org, actor: bea.id, type: "clinic" })).rejects.toMatchObject({ code: "not_owner" });
  await changeOrganizationType(parts, { orgId: org, actor: eva.id, type: "clinic" });
  const { id } = await inviteMember(parts, invitation);

  const [row] = await eleva.rows<{ role: string; status: string; days: number }>(
    "select role_slug as role, status::text, round(extract(epoch from expires_at - created_at) / 86400)::int as days from invitations where id = $1",
    [id],
  );
  expect(row).toEqual({ role: "member", status: "pending", days: 7 });
  const invitationsSeenBy = async (user: User, as: string) =>
    (await eleva.tenancy.as(await eleva.token(user.id, as), (_db, query) => query("select from invitations"))).rowCount;
  expect([await invitationsSeenBy(eva, org), await invitationsSeenBy(bea, practice)]).toEqual([1, 0]);

  await workos.userManagement.acceptInvitation(id);
  await pollEvents(parts);
  const token = await eleva.token(bea.id, org);
  const [places, wrote] = await eleva.tenancy.as(token, async (_db, query) => [
    (await listMyOrganizations(query)).map(({ orgId, type, role, current }) => ({ orgId, type, role, current })),
    (await query("insert into schedules (org_id, workos_user_id, timezone) values ($1, $2, 'Europe/Lisbon') returning id", [org, bea.id]))
      .rowCount,
  ]);
  expect(places).toHaveLength(3);
  expect(places).toEqual(
    expect.arrayContaining([
      { orgId: expect.not.stringMatching(practice), type: "patient_personal", role: "owner", current: false },
      { orgId: practice, type: "expert_individual", role: "owner", current: false },
      { orgId: org, type: "clinic", role: "member", current: true },
    ]),
  );
  expect(wrote).toBe(1);
  // For herself; a schedule of the owner is the owner's to make, and then the clinic's to keep.
  const ofEva = "insert into schedules (org_id, workos_user_id, timezone) values ($1, $2, 'Europe/Lisbon')";
  await expect(eleva.tenancy.as(token, (_db, query) => query(ofEva, [org, eva.id]))).rejects.toMatchObject({ code: "forbidden" });
  expect((await eleva.tenancy.as(await eleva.token(eva.id, org), (_db, query) => query(ofEva, [org, eva.id]))).rowCount).toBe(1);
  const kept = await eleva.tenancy.as(token, (_db, query) =>
    query("update schedules set timezone = 'Atlantic/Madeira' where workos_user_id = $1", [eva.id]),
  );
  expect(kept.rowCount).toBe(1);
  expect(await eleva.tenancy.as(token, (_db, query) => hasOwnFeature(query, "shared_schedule"))).toBe(true);
  // Nobody writes the mirror but the sync.
  const promote = eleva.tenancy.as(token, (_db, query) => query("update memberships set role_slug = 'owner'"));
  await expect(promote).rejects.toMatchObject({ code: "forbidden" });
});
