import { createHash } from "node:crypto";
import { grantMutants, isNeverTrue, type Mutant, type Persona, type PreparedHunt, policyMutants, prepareHunt } from "@rehome/tenancy";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TargetDatabase, type TargetTemplate, targetTemplate } from "../testing/target-database.ts";
import { allowed } from "./allowed.ts";
import { functionMutants } from "./function-mutants.ts";
import { PRODUCT_RULES } from "./prepare.ts";
import { fillHuntWorld, huntPersonas } from "./world.ts";

const PEOPLE = ["authenticated", "anonymous"];

// `npm test` hunts one mutant in four, drawn by this seed; `npm run test:long` hunts all of them.
const ALL = process.env["REHOME_LONG"] !== undefined;
const SEED = Number(process.env["FC_SEED"] ?? Date.now() % 2 ** 31);
const isDrawn = ({ name }: Mutant) => ALL || createHash("sha256").update(`${SEED} ${name}`).digest().readUInt32BE() % 4 === 0;

/**
 * Mutants that change nothing although no rule of the two below says so, each with its reason. Whoever adds one must be able to say why no
 * statement of anybody could tell the difference.
 */
const SAME_BY_REASON: Readonly<Record<string, string>> = {
  "services.services_delete_own_org: using without part 0":
    "service_is_unused asks for the own organization, too; its own mutant without that question is killed",
  "may_share_record(): as its caller": "the patient's organization reads its records anyway",
  "organizations.organizations_update_fn_organizations: also for insert": "its check lets no row through",
  "organizations.organizations_update_fn_organizations: also to anonymous":
    "its check lets no row through, and anonymous sees none to lock",
  "organizations.organizations_update_fn_organizations: also to authenticated":
    "its check lets no row through, and people have no right to update organizations, which locking a row asks for",
  "payment_transfers.payment_transfers_update_job_deletion: also to public":
    "only the payments job has a right to update transfers besides, and its own policy allows it every row",
  "auth.uid(): suspended members too": "ids of WorkOS are no UUIDs: the answer is null for everybody",
  ...Object.fromEntries(
    ["insert", "all"].map((verb) => [
      `services.services_delete_own_org: also for ${verb}`,
      "service_is_unused knows services that exist: a new one has another key, and the same key again is taken",
    ]),
  ),
  ...Object.fromEntries(
    [
      "profiles.profiles_update_own_org: with check without part 1",
      "services.services_update_own_org: with check without part 1",
      "session_packs.session_packs_update_own_org: with check without part 1",
      "schedules.schedules_update_own_org: with check without part 1",
      "schedule_availabilities.schedule_availabilities_update_own_org: with check without part 3",
      "scheduling_settings.scheduling_settings_update_own_org: with check without part 1",
      "blocked_dates.blocked_dates_update_own_org: with check without part 1",
      "meetings.meetings_update_expert_org: with check without part 1",
    ].map((mutant) => [mutant, "whoever lacks the permission reaches no row to update: USING asks for it, too"]),
  ),
  ...Object.fromEntries(
    [
      ...["profiles", "services", "schedules", "schedule_availabilities", "scheduling_settings", "blocked_dates", "session_packs"].flatMap(
        (table) =>
          (table === "profiles" ? ["insert", "update"] : ["insert", "update", "delete"]).map(
            (verb) => `${table}.${table}_${verb}_own_org: also for select`,
          ),
      ),
      ...["schedules", "schedule_availabilities", "scheduling_settings", "blocked_dates", "session_packs"].map(
        (table) => `${table}.${table}_insert_own_org: also for all`,
      ),
      "schedule_availabilities.schedule_availabilities_update_own_org: also for all",
      "meetings.meetings_update_expert_org: also for select",
    ].map((mutant) => [mutant, "no role of Eleva's writes what it may not read"]),
  ),
  ...Object.fromEntries(
    ["also for insert", "also for all"].map((mutant) => [
      `guests.guests_update_job_claim: ${mutant}`,
      "its check lets no row through, and the job reads and deletes every row anyway",
    ]),
  ),
  ...Object.fromEntries(
    ["anonymous", "authenticated", "public"].map((role) => [
      `guests.guests_update_job_claim: also to ${role}`,
      "its check lets no row through, people see no guest to lock, and the other jobs that see one change or delete it anyway",
    ]),
  ),
  "records.records_select_share: using without part 0":
    "whoever sees a share without being its grantee is of the patient's organization that gave it, and reads the record anyway",
  ...Object.fromEntries(
    [
      "insert_own_org: with check without part 1",
      "insert_own_org: with check without part 2",
      "update_own_org: with check without part 1",
      "update_own_org: with check without part 2",
    ].map((mutant) => [
      `schedule_availabilities.schedule_availabilities_${mutant}`,
      "schedules that can be seen are the own organization's: each of the two conditions follows from the other one",
    ]),
  ),
};

/** One copy of the database, hunted by one mutant after the other. */
interface Lane {
  target: TargetDatabase;
  prepared: PreparedHunt;
}

let template: TargetTemplate;
let lanes: Lane[];
let personas: Persona[];

beforeAll(async () => {
  template = await targetTemplate(fillHuntWorld);
  const targets = await Promise.all([template.copy(), template.copy()]);
  const sign = targets[0]?.token;
  if (!sign) throw new Error("no database");
  personas = await huntPersonas(sign);
  lanes = await Promise.all(
    targets.map(async (target) => ({
      target,
      prepared: await prepareHunt({ owner: target.owner, personas, oracle: allowed, productRules: PRODUCT_RULES }),
    })),
  );
});
afterAll(async () => {
  for (const { target } of lanes ?? []) await target.drop();
  await template?.drop();
});

type Fate = "killed" | "survived" | "never true" | "same by reason" | "redundant";

test(`every mistake in a policy, a grant or a function is found (${ALL ? "all" : `one in four, FC_SEED=${SEED}`})`, {
  timeout: 900_000,
}, async () => {
  const started = performance.now();
  const [first] = lanes;
  if (!first) throw new Error("no lane");
  const owner = first.target.owner;
  const roles = [...new Set(personas.map(({ role }) => role))];
  const everyMutant = [
    ...(await policyMutants(owner, "public", PEOPLE)),
    ...(await grantMutants(owner, "public", PEOPLE, roles)),
    ...(await functionMutants(owner)),
  ];
  expect(new Set(everyMutant.map(({ name }) => name)).size).toBe(everyMutant.length);
  const mutants = everyMutant.filter(isDrawn);

  const waiting = [...mutants].reverse();
  const fates = new Map<string, Fate>();
  await Promise.all(
    lanes.map(async (lane) => {
      for (let mutant = waiting.pop(); mutant; mutant = waiting.pop()) fates.set(mutant.name, await fateOf(lane, mutant));
    }),
  );

  const of = (fate: Fate) => [...fates].filter(([, one]) => one === fate).map(([name]) => name);
  const seconds = (performance.now() - started) / 1000;
  const equivalent = [
    ...mutants.filter(({ redundant }) => redundant).map(({ name, redundant }) => `${name} (${redundant} allows it already)`),
    ...of("never true").map((name) => `${name} (its condition is true for nobody who gains it)`),
    ...of("same by reason").map((name) => `${name} (${SAME_BY_REASON[name.replace(/(part \d+): .*/, "$1")]})`),
  ];
  console.info(
    `mutants of the hunter: ${mutants.length - equivalent.length} hunted, ${of("killed").length} killed, ${of("survived").length} survived; ` +
      `${equivalent.length} equivalent; ${seconds.toFixed(1)} s`,
  );
  if (process.env["SHOW_EQUIVALENT"]) console.info(equivalent.join("\n"));
  expect(of("survived")).toEqual([]);
  expect(of("killed").length).toBeGreaterThanOrEqual(ALL ? 2_000 : 500);
  if (ALL) expect(of("same by reason").length).toBe(Object.keys(SAME_BY_REASON).length);
});

async function fateOf({ target, prepared }: Lane, mutant: Mutant): Promise<Fate> {
  const { owner } = target;
  const [table] = mutant.tables;
  if (mutant.redundant !== undefined) return "redundant";
  if (table && mutant.adds && (await isNeverTrue(owner, { table, adds: mutant.adds }, personas))) return "never true";
  await owner.query("begin");
  try {
    await owner.query(mutant.sql);
    const { findings } = await prepared.run({ tables: mutant.tables, stopAtFirst: true, firstRoles: mutant.roles });
    if (findings.length > 0) return "killed";
    return SAME_BY_REASON[mutant.name.replace(/(part \d+): .*/, "$1")] ? "same by reason" : "survived";
  } finally {
    await owner.query("rollback");
  }
}
