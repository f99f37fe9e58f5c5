import type { WorkosTwin } from "@rehome/sandbox";
import {
  changeOrganizationType,
  claimGuest,
  ensurePersonalOrganization,
  erasePerson,
  foundOrganization,
  leaveOrganization,
  pollEvents,
  reconcile,
  transferOwnership,
} from "@rehome/tenancy";
import type { User, WorkOS } from "@workos-inc/node";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fillHuntWorld } from "../hunt/world.ts";
import { type OrganizationJobs, startOrganizationJobs, startWorkosWithRoles } from "../testing/at-workos.ts";
import { type TargetDatabase, type TargetTemplate, targetTemplate } from "../testing/target-database.ts";
import { eraseByAddress } from "./install.ts";

let template: TargetTemplate;
let target: TargetDatabase;
let twin: WorkosTwin;
let workos: WorkOS;
let jobs: OrganizationJobs;
let run: OrganizationJobs["run"];

beforeAll(async () => {
  const [made, atWorkos] = await Promise.all([targetTemplate(fillHuntWorld), startWorkosWithRoles()]);
  template = made;
  ({ twin, workos } = atWorkos);
  target = await template.copy();
  jobs = await startOrganizationJobs(target);
  run = jobs.run;
});
afterAll(async () => {
  await jobs?.stop();
  await target?.drop();
  await twin?.stop();
  await template?.drop();
});

async function rows<Row extends object>(sql: string, params: unknown[] = []): Promise<Row[]> {
  return (await target.owner.query<Row>(sql, params)).rows;
}

/** What somebody sees with a token of this organization. */
async function sees(user: string, org: string, sql: string): Promise<unknown[]> {
  return await target.tenancy.as(await target.token(user, org), async (_db, query) => (await query(sql)).rows);
}

interface Founder {
  user: User;
  home: string;
  clinic: string;
}

/** Somebody signs up, becomes an expert, and makes a clinic of the practice. */
async function founder(name: string): Promise<Founder> {
  const user = await workos.userManagement.createUser({ email: `${name}@example.test`, emailVerified: true });
  const parts = { workos, run: run.sync };
  const home = await ensurePersonalOrganization(parts, { user, name });
  const clinic = await foundOrganization(parts, { user, type: "expert_individual", name });
  expect(clinic).not.toBe(home);
  await changeOrganizationType(parts, { orgId: clinic, actor: user.id, type: "clinic" });
  return { user, home, clinic };
}

/** Joins at WorkOS; the mirror hears of it. */
async function join(org: string, email: string): Promise<User> {
  const user = await workos.userManagement.createUser({ email, emailVerified: true });
  await workos.userManagement.createOrganizationMembership({ organizationId: org, userId: user.id, roleSlug: "member" });
  await reconcile({ workos, run: run.sync }).catch(() => {}); // the hunt's world has organizations that WorkOS does not know
  return user;
}

/** A guest of this address, with a meeting of Ana's and a record. */
async function leftAsGuest(email: string, day = "2026-09-01"): Promise<void> {
  const org = `guest_${email.split("@")[0]}`;
  await rows("insert into organizations (id, type, tier, claimed) values ($1, 'patient_personal', 'free', false)", [org]);
  await rows("insert into guests (org_id, email_key, email, name) values ($1, $2, $2, 'Vera')", [org, email]);
  await rows(
    `insert into meetings (id, org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, guest_notes, starts_at, ends_at, timezone)
     values (md5($2)::uuid, 'org_ana', $1, md5('service ana')::uuid, 'user_ana', $2, 'Vera', 'a note', $3::date + time '10:00', $3::date + time '11:00', 'UTC')`,
    [org, email, day],
  );
  await rows(
    `insert into records (org_id, patient_org_id, meeting_id, expert_user_id, guest_email, encrypted_content)
     values ('org_ana', $1, md5($2)::uuid, 'user_ana', $2, 'about Vera')`,
    [org, email],
  );
}

test("a practice becomes a clinic, and its staff read and share nothing about the founder as a patient", async () => {
  // Ana is a patient, too: of a colleague's clinic and of Rui, with records about her.
  const about = "select patient_org_id from records where patient_org_id in ('org_ana', 'org_ana_home')";
  expect(await rows(about)).toHaveLength(2);
  await run.sync((query) => query("select tenancy.change_type('org_ana', 'user_ana', 'clinic', null)"));
  await rows(
    "insert into memberships (org_id, workos_user_id, id, role_slug, permissions, status) values ('org_ana', 'user_bea', 'om_ana_bea', 'billing_admin', '{}', 'active')",
  );
  expect(await sees("user_bea", "org_ana", about)).toEqual([]);
  expect(
    await sees("user_bea", "org_ana", "select patient_org_id from meetings where patient_org_id in ('org_ana', 'org_ana_home')"),
  ).toEqual([]);
  const share = target.tenancy.as(await target.token("user_bea", "org_ana"), (_db, query) =>
    query(
      `insert into record_shares (record_id, org_id, grantee_user_id, expires_at)
       select md5('record booked rui ana')::uuid, 'org_ana', 'user_rui', now() + interval '1 year'`,
    ),
  );
  await expect(share).rejects.toMatchObject({ sqlstate: "42501" });
  // She herself reads and shares it, at home.
  expect(await sees("user_ana", "org_ana_home", about)).toHaveLength(2);
});

test("whoever sells the clinic keeps the home: what was left as a guest, and what is booked later, never goes to the buyer", async () => {
  const { user, home, clinic } = await founder("vera");
  const buyer = await join(clinic, "buyer@example.test");
  await transferOwnership({ workos, run: run.sync }, { orgId: clinic, from: user.id, to: buyer.id });
  await leaveOrganization({ workos, run: run.sync }, { orgId: clinic, userId: user.id });
  await leftAsGuest("vera@example.test");
  await claimGuest({ workos, run: run.claim }, user.id);

  const about = `select encrypted_content as text from confidential.records(array(select id from records)) where guest_email = 'vera@example.test'
     union all select guest_notes from confidential.meetings(array(select id from meetings)) where guest_email = 'vera@example.test'`;
  expect(await sees(buyer.id, clinic, about)).toEqual([]);
  expect(await sees(user.id, home, about)).toEqual([{ text: "about Vera" }, { text: "a note" }]);

  // Where the booking job would put the next one: it goes by users.org_id.
  expect(await rows("select org_id from users where workos_user_id = $1", [user.id])).toEqual([{ org_id: home }]);
  const misled = rows(
    `insert into meetings (org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, starts_at, ends_at, timezone)
     values ('org_ana', $1, md5('service ana')::uuid, 'user_ana', 'vera@example.test', 'Vera', '2026-09-02 10:00Z', '2026-09-02 11:00Z', 'UTC')`,
    [clinic],
  );
  await expect(misled).rejects.toMatchObject({ code: "23514", constraint: "check_patient_home" });

  await erasePerson({ workos, ...run }, { userId: user.id, orgId: home }, { archive: eraseByAddress });
  expect(await rows("select from organizations where id = $1", [home])).toEqual([]);
  expect(await rows("select workos_user_id as id from memberships where org_id = $1", [clinic])).toEqual([{ id: buyer.id }]);
});

test("a founder asks to be forgotten: refused while the clinic is theirs, and then the clinic and its colleagues stay whole", async () => {
  const { user, home, clinic } = await founder("fay");
  const colleague = await join(clinic, "col@example.test");
  await rows(
    "insert into services (id, org_id, workos_user_id, name, slug, duration_minutes) values (md5('col')::uuid, $1, $2, 'col', 'col', 30)",
    [clinic, colleague.id],
  );
  await rows(
    `insert into meetings (id, org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, starts_at, ends_at, timezone)
     values (md5('colm')::uuid, $1, 'org_pia', md5('col')::uuid, $2, 'pia@example.test', 'Pia', '2026-09-01 10:00Z', '2026-09-01 11:00Z', 'UTC')`,
    [clinic, colleague.id],
  );
  const ofColleague = () =>
    rows(
      `select (select count(*)::int from memberships where org_id = $1 and workos_user_id = $2 and status = 'active') as members,
              (select count(*)::int from services where org_id = $1) as services, (select count(*)::int from meetings where org_id = $1) as meetings`,
      [clinic, colleague.id],
    );
  const whole = [{ members: 1, services: 1, meetings: 1 }];
  expect(await ofColleague()).toEqual(whole);
  const forget = (org: string) => erasePerson({ workos, ...run }, { userId: user.id, orgId: org }, { archive: eraseByAddress });
  await expect(forget(home)).rejects.toMatchObject({ code: "last_owner" });
  await expect(forget(clinic)).rejects.toThrow();
  expect(await ofColleague()).toEqual(whole);

  await transferOwnership({ workos, run: run.sync }, { orgId: clinic, from: user.id, to: colleague.id });
  await forget(home);
  await pollEvents({ workos, run: run.sync }).catch(() => {});
  expect(await ofColleague()).toEqual(whole);
  expect(await rows("select from memberships where workos_user_id = $1", [user.id])).toEqual([]);
});

test("an expert alone in the practice is forgotten with both, and reads as a patient no more", async () => {
  const user = await workos.userManagement.createUser({ email: "solo@example.test", emailVerified: true });
  const parts = { workos, run: run.sync };
  const home = await ensurePersonalOrganization(parts, { user, name: "Solo" });
  const practice = await foundOrganization(parts, { user, type: "expert_individual", name: "Solo" });
  await leftAsGuest("solo@example.test", "2026-09-11");
  await erasePerson({ workos, ...run }, { userId: user.id, orgId: home }, { archive: eraseByAddress });
  expect(await rows("select from organizations where id in ($1, $2)", [home, practice])).toEqual([]);
  expect(await rows("select patient_org_id as of, guest_email as email from meetings where id = md5('solo@example.test')::uuid")).toEqual([
    { of: "org_erased", email: "" },
  ]);
});

const MEETING = `insert into meetings (id, org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, starts_at, ends_at, timezone, imported)
  values (gen_random_uuid(), 'org_rui', $1, md5('service rui')::uuid, 'user_rui', 'x', 'x', '2026-09-03 10:00Z', '2026-09-03 11:00Z', 'UTC', true)`;
const PARTIES: [table: string, column: string, made: string][] = [
  ["meetings", "patient_org_id", MEETING],
  [
    "meeting_payments",
    "patient_org_id",
    "insert into meeting_payments (meeting_id, org_id, patient_org_id) values (md5('meeting booked rui paul')::uuid, 'org_rui', $1)",
  ],
  [
    "records",
    "patient_org_id",
    `insert into records (org_id, patient_org_id, meeting_id, expert_user_id, guest_email, encrypted_content)
     values ('org_rui', $1, md5('meeting booked rui paul')::uuid, 'user_rui', 'x', 'x')`,
  ],
  [
    "slot_reservations",
    "patient_org_id",
    `insert into slot_reservations (org_id, patient_org_id, service_id, expert_user_id, guest_email, starts_at, ends_at, expires_at)
     values ('org_rui', $1, md5('service rui')::uuid, 'user_rui', 'x', '2026-09-04 10:00Z', '2026-09-04 11:00Z', now())`,
  ],
  [
    "pack_purchases",
    "buyer_org_id",
    `insert into pack_purchases (org_id, buyer_org_id, pack_id, expert_user_id, buyer_email, promotion_code, max_redemptions)
     values ('org_rui', $1, md5('pack rui')::uuid, 'user_rui', 'x', 'CODE x', 1)`,
  ],
  ["users", "org_id", "insert into users (org_id, workos_user_id, email) values ($1, 'user_at_home', 'x@example.test')"],
];

test.each(PARTIES)(
  "only a home or a guest's organization, whoever writes, the mover and a superuser too: %s.%s",
  async (table, column, made) => {
    const { owner } = target;
    const outcome = async (role: string, sql: string, org: string) => {
      await owner.query(`begin; set local role ${role}`);
      try {
        await owner.query(sql, [org]);
        return "done";
      } catch (error) {
        const { code, constraint, table: where } = error as pg.DatabaseError;
        return [code, constraint, where];
      } finally {
        await owner.query("rollback");
      }
    };
    const key = table === "users" ? "workos_user_id = 'user_pia'" : `${column} = 'org_pia'`;
    for (const role of ["postgres", "rehome_mover"]) {
      for (const sql of [made, `update ${table} set ${column} = $1 where ${key}`]) {
        expect(await outcome(role, sql, table === "users" ? "org_bare" : "org_paul"), sql).toBe("done");
        if (table !== "users") expect(await outcome(role, sql, "org_erased"), sql).toBe("done");
        expect(await outcome(role, sql, "guest_1"), sql).toBe("done");
        for (const org of ["org_rui", "org_clinic", "org_eva"])
          expect(await outcome(role, sql, org), `${sql} ${org}`).toEqual([
            "23514",
            table === "users" ? "check_users_home" : table === "pack_purchases" ? "check_buyer_home" : "check_patient_home",
            table,
          ]);
      }
    }
    await owner.query("begin; set local session_replication_role = replica"); // as a logical subscriber writes
    await expect(owner.query(made, ["org_rui"])).rejects.toMatchObject({ code: "23514" });
    await owner.query("rollback");
  },
);

test.each([
  ["org_pia", "expert_individual"],
  ["org_pia", "clinic"],
  ["org_rui", "patient_personal"],
  ["org_clinic", "patient_personal"],
])("a home becomes nothing, and nothing a home, whoever writes: %s no %s", async (org, type) => {
  for (const role of ["postgres", "rehome_mover"]) {
    await target.owner.query(`begin; set local role ${role}`);
    await expect(target.owner.query("update organizations set type = $2, tier = 'free' where id = $1", [org, type])).rejects.toThrow();
    await target.owner.query("rollback");
  }
});

test("a home is one person's: nobody else is at home there", async () => {
  const second = rows("insert into users (org_id, workos_user_id, email) values ('org_pia', 'user_second', 'second@example.test')");
  await expect(second).rejects.toMatchObject({ code: "23505", constraint: "users_org_id" });
});
