import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { empty, settle } from "./testing/people.ts";

let database: OrganizationsDatabase;
beforeAll(async () => {
  database = await organizationsDatabase();
});
afterAll(() => database?.drop());

beforeEach(async () => {
  await empty(database);
  await settle(database, { id: "org_ana", type: "expert_individual", members: { ana: "owner" } });
  await database.sync((query) => query("select tenancy.change_type('org_ana', 'ana', 'clinic', null)"));
});

const events = () => database.rows<{ id: string }>("select * from tenancy.outbox order by id");

describe("what happened stays (R57, R59)", () => {
  const jobs = ["sync", "claim", "deletion"] as const;

  test.each(jobs)("job %s changes, removes and backdates nothing", async (job) => {
    const before = await events();
    expect(before).toMatchObject([{ topic: "organization.type_changed", org_id: "org_ana", actor: "ana" }]);
    for (const statement of [
      "update tenancy.outbox set actor = 'olga'",
      "truncate tenancy.outbox",
      "insert into tenancy.outbox (topic, at) values ('organization.deleted', now() - interval '8 years')",
      "insert into tenancy.outbox (id, topic) overriding system value values (1, 'organization.deleted')",
    ]) {
      await expect(
        database[job]((query) => query(statement)),
        statement,
      ).rejects.toMatchObject({ code: "forbidden" });
    }
    const removed = await database[job]((query) => query("delete from tenancy.outbox")).catch(({ code }: { code: string }) => code);
    expect(removed).toEqual(job === "sync" ? expect.objectContaining({ rowCount: 0 }) : "forbidden");
    expect(await events()).toEqual(before);
  });

  test("for seven years, then it can go", async () => {
    const purge = async () => (await database.sync((query) => query<{ n: number }>("select tenancy.purge_outbox()::int as n"))).rows[0]?.n;
    await database.owner.query("update tenancy.outbox set at = now() - interval '7 years' + interval '1 hour'");
    expect(await purge()).toBe(0);
    await database.owner.query("update tenancy.outbox set at = now() - interval '7 years' - interval '1 hour'");
    expect(await purge()).toBe(1);
  });
});
