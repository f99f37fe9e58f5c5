import type { WorkosTwin } from "@rehome/sandbox";
import { ensurePersonalOrganization, pollEvents, reconcile } from "@rehome/tenancy";
import type { WorkOS } from "@workos-inc/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OrganizationJobs, startOrganizationJobs, startWorkosWithRoles } from "../testing/at-workos.ts";
import { type TargetDatabase, type TargetTemplate, targetTemplate } from "../testing/target-database.ts";
import { erasePersonOfEleva } from "./erase.ts";

let template: TargetTemplate;
let target: TargetDatabase;
let twin: WorkosTwin;
let workos: WorkOS;
let jobs: OrganizationJobs;
let run: OrganizationJobs["run"];
let clinic: string;

beforeAll(async () => {
  const [made, atWorkos] = await Promise.all([
    targetTemplate(async (client) => {
      await client.query(
        "insert into organizations (id, type, tier, name, claimed) values ('org_rui', 'expert_individual', 'free', 'Rui', true)",
      );
    }),
    startWorkosWithRoles(),
  ]);
  template = made;
  ({ twin, workos } = atWorkos);
  target = await template.copy();
  jobs = await startOrganizationJobs(target);
  run = jobs.run;
  clinic = (await workos.organizations.createOrganization({ name: "Clinic", metadata: { type: "clinic" } })).id;
  await told();
});
afterAll(async () => {
  await jobs?.stop();
  await target?.drop();
  await twin?.stop();
  await template?.drop();
});

const parts = () => ({ workos, run: run.sync });
const told = async () => {
  await pollEvents(parts());
  await reconcile(parts());
};
const rows = async <Row extends object>(sql: string, params: unknown[] = []) => (await target.owner.query<Row>(sql, params)).rows;
const invite = (email: string) => workos.userManagement.sendInvitation({ email, organizationId: clinic });
const forget = (userId: string, orgId: string) => erasePersonOfEleva({ workos, ...run }, { userId, orgId });

async function signUp(email: string, emailVerified = true): Promise<{ id: string; home: string }> {
  const user = await workos.userManagement.createUser({ email, emailVerified });
  return { id: user.id, home: await ensurePersonalOrganization(parts(), { user, name: "Home" }) };
}

/** A pack that somebody bought of Rui; the transfer repeats name and address. */
async function bought(email: string): Promise<void> {
  await rows(
    `insert into payment_transfers (org_id, expert_user_id, payment_intent_id, checkout_session_id, event_id, expert_connect_account_id, amount,
       platform_fee, session_start_time, scheduled_transfer_time, guest_name, guest_email)
     values ('org_rui', 'user_rui', md5($1), md5($1), 'pack', 'acct', 1, 1, now(), now(), 'Name of ' || $1, $1)`,
    [email],
  );
}

/** Tables in which a text stands somewhere in a row; read by a superuser. */
async function saying(text: string): Promise<string[]> {
  const tables = await rows<{ name: string }>(
    "select oid::regclass::text as name from pg_class where relkind in ('r', 'p') and relnamespace in ('public'::regnamespace, 'tenancy'::regnamespace)",
  );
  expect(tables.length).toBeGreaterThan(40);
  const found: string[] = [];
  for (const { name } of tables) {
    if ((await rows(`select from ${name} t where row_to_json(t)::text ilike '%' || $1 || '%' limit 1`, [text])).length > 0)
      found.push(name);
  }
  return found.sort();
}

test("an address verified a moment ago, of which the mirror has not heard, is forgotten in transfers and invitations (R60)", async () => {
  const { id, home } = await signUp("lena@example.test", false);
  await bought("lena@example.test");
  await bought(" Lena@Example.test\t"); // as somebody typed it
  await invite("lena@example.test");
  await told();
  expect(await saying("lena@")).toEqual(["invitations", "payment_transfers", "tenancy.object", "users"]);
  await workos.userManagement.updateUser({ userId: id, emailVerified: true });
  await forget(id, home);
  await told();
  expect(await saying("lena@")).toEqual([]);
});

test("an invitation of which the mirror hears after the erasure brings no address (R60)", async () => {
  const { id, home } = await signUp("mona@example.test");
  await pollEvents(parts());
  await invite("mona@example.test");
  await forget(id, home);
  expect(await saying("mona@")).toEqual([]);
  await told();
  expect(await saying("mona@")).toEqual([]);
});

test("addresses that Eleva verified are forgotten with the person; one that was not is not touched (R60)", async () => {
  const { id, home } = await signUp("nora@example.test");
  for (const [email, verified] of [
    ["nora.second@example.test", true],
    ["nora.unproved@example.test", false],
  ] as const) {
    await rows("insert into user_emails (org_id, workos_user_id, email, verified) values ($1, $2, $3, $4)", [home, id, email, verified]);
    await invite(email);
    await bought(email);
  }
  await told();
  await rows("insert into organizations (id, type, tier, claimed) values ('guest_nora', 'patient_personal', 'free', false)");
  await rows(
    "insert into guests (org_id, email_key, email, name) values ('guest_nora', 'nora.second@example.test', 'nora.second@example.test', 'Nora')",
  );
  await forget(id, home);
  await told();
  expect(await saying("nora.second")).toEqual([]);
  expect(await saying("nora.unproved")).toEqual(["invitations", "payment_transfers", "tenancy.object"]);
  expect(await rows("select from organizations where id = 'guest_nora'")).toEqual([]);
});

test("with SQL of its own the deletion job can put no address into an open deletion, and so reads nobody's transfers (R60)", async () => {
  const { id, home } = await signUp("olga@example.test");
  await bought("victim@example.test");
  await run.sync((query) => query("select tenancy.request_deletion($1, $2, true, '{}')", [home, id]));
  const put = "update tenancy.deletion set addresses = '{victim@example.test}' where state <> 'done'";
  await expect(run.deletion((query) => query(put))).rejects.toMatchObject({ code: "forbidden" });
  const seen = await run.deletion((query) => query("select from payment_transfers where guest_email = 'victim@example.test'"));
  expect(seen.rowCount).toBe(0);
  await forget(id, home);
});
