import { createClerkClient } from "@clerk/backend";
import { legacyWrites } from "@rehome/eleva-legacy";
import { createDatabase } from "@rehome/sandbox";
import type { Proof } from "rehome";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testWorld } from "./moved-world.ts";
import { proveElevaIsolation } from "./proofs/isolation.ts";
import { proveWayBack } from "./proofs/way-back.ts";
import { workosOf } from "./proofs/workos.ts";
import { type Outcome, rehome } from "./rehome.ts";
import { movedAndWritten } from "./target-writes.ts";
import { connect } from "./testing/connect.ts";
import { accountsThatDiffer } from "./testing/duplicates.ts";
import { type Hold, hold } from "./testing/hold.ts";
import { type Sides, sidesThatWrite, writableWithin } from "./testing/sides.ts";
import type { DemoWorld } from "./world.ts";

/** The freeze waits five seconds for open transactions of the product; a mover that was killed while it waited goes no later than that. */
const BOUND_MS = 7_000;
const LEGACY_SERVES = { legacy: "ok", target: "RH002" };
const TARGET_SERVES = { legacy: "RH002", target: "ok" };
const NOBODY_SERVES = { legacy: "RH002", target: "RH002" };

let world: DemoWorld;
let legacyServer: string;
let targetServer: string;

beforeAll(async () => {
  world = await testWorld();
  legacyServer = world.sandbox.legacy.url("legacy");
  targetServer = world.sandbox.target.url("target");
  expect((await rehome(world, ["run"])).code).toBe(0);
  const superuser = await connect(targetServer);
  await superuser.query(PLANTED).finally(() => superuser.end());
}, 120_000);

afterAll(() => world?.stop());

test("kill -9 inside each step of cutover before the switch: legacy takes writes again by itself", async () => {
  const legacyWrites = () => takesWrites("legacy");
  await killedAt("cutover", "gate", () => hold(targetServer, "lock table rehome.proof in access exclusive mode"), legacyWrites);
  await product("catch up", 30);
  await killedAt("cutover", "catch up", () => hold(targetServer, LEFT_BEHIND), legacyWrites);
  await product("freeze", 10);
  await killedAt("cutover", "freeze", () => hold(asProduct(), LEGACY_WRITE), legacyWrites);
  await killedInFreeze("cutover", "drain", "commit", () => hold(targetServer, LEFT_BEHIND));
  await product("prove", 10);
  await killedInFreeze("cutover", "prove", "rollback", () => hold(targetServer, "lock table blocked_dates in access exclusive mode"));
  await serves(LEGACY_SERVES);
}, 120_000);

test("kill -9 inside the cutover's switch: legacy serves until it is closed for good; after that the next verb settles it", async () => {
  await product("switch", 10);
  await killedAt("cutover", "switch", beforeTheTurn, () => takesWrites("legacy"));
  await killedAt("cutover", "switch", atTheCommit, nobodyServesAndTheCommitFails);
  await serves(NOBODY_SERVES);
  expect(await rehome(world, ["rollback"])).toMatchObject({ code: 0, result: { outcome: "retreated" } });
  await serves(LEGACY_SERVES);

  await killedAt("cutover", "switch", atTheCommit, nobodyServesAndTheCommitFails);
  // The same verb opens legacy, goes all the way again, and dies when the switch has turned and the target is not open yet.
  await killedAt(
    "cutover",
    "switch",
    () => hold(targetServer, FENCE_STATE),
    () => serves(NOBODY_SERVES),
  );
  expect(await rehome(world, ["cutover"])).toMatchObject({ code: 0, result: { ok: true, switched: false } });
  await serves(TARGET_SERVES);
  await provedOnTarget();
}, 120_000);

test("kill -9 inside each step of rollback: the target takes writes again by itself, no write is lost, nobody comes twice", async () => {
  const newcomer = await signUp();
  await createDatabase(world.sandbox.legacy.url("postgres"), "legacy_replayed", "legacy");
  const replayed = await connect(world.sandbox.legacy.url("legacy_replayed"));
  await replayed.query("drop schema rehome cascade");
  const target = await connect(targetServer);
  const writes = await movedAndWritten(world, target, replayed);
  await target.end();

  const targetWrites = () => takesWrites("target");
  const meetingsOfLegacy = () => hold(legacyServer, "lock table meetings in share mode");
  // The newcomer has a Clerk user, and the ledger does not know it yet.
  await killedAt("rollback", "bring back people", () => hold(targetServer, "lock table rehome.identity in share mode"), targetWrites);
  await killedAt("rollback", "carry back", meetingsOfLegacy, targetWrites);
  await killedAt("rollback", "freeze", () => hold(asWriterOnTarget(), TARGET_WRITE), targetWrites);
  // A rollback keeps locks on the tables of legacy that it has written: what holds it must be something else.
  await killedInFreeze("rollback", "drain", "commit", () => hold(targetServer, LEFT_BEHIND));
  await killedInFreeze("rollback", "prove", "rollback", () => hold(legacyServer, "alter sequence payment_transfers_id_seq cache 1"));
  await killedAt("rollback", "switch", beforeTheTurn, targetWrites);
  await serves(TARGET_SERVES);
  await killedAt("rollback", "switch", atTheCommit, nobodyServesAndTheCommitFails);
  await killedAt(
    "rollback",
    "switch",
    () => hold(legacyServer, FENCE_STATE),
    () => serves(NOBODY_SERVES),
  );
  expect(await rehome(world, ["rollback"])).toMatchObject({ code: 0 });
  await serves(LEGACY_SERVES);

  const legacy = await connect(legacyServer);
  expect(await proveWayBack(legacy, replayed, writes)).toMatchObject({ ok: true, offenders: [] });
  await Promise.all([legacy.end(), replayed.end()]);
  expect(await clerkUsersOf(newcomer)).toBe(1);
}, 120_000);

test("kill -9 while cutover and rollback unfreeze: the switch has turned, the same verb again has nothing left to do", async () => {
  const endOfVerb = () => hold(targetServer, "lock table rehome.event in access exclusive mode");
  expect(openProofs(await rehome(world, ["run"]))).toEqual([]);
  await killedAt("cutover", "unfreeze", endOfVerb, () => takesWrites("target"));
  expect(await rehome(world, ["cutover"])).toMatchObject({ code: 0, result: { switched: false } });
  await serves(TARGET_SERVES);
  await killedAt("rollback", "unfreeze", endOfVerb, () => takesWrites("legacy"));
  await serves(LEGACY_SERVES);
  expect(await rehome(world, ["rollback"])).toMatchObject({ code: 3, result: { error: { code: "PHASE_REFUSED" } } });
  expect(openProofs(await rehome(world, ["run"]))).toEqual([]);
}, 120_000);

/** The switch cannot be turned; the side that serves is not closed yet. */
const beforeTheTurn = () => hold(targetServer, "select from rehome.switch for update");
/** The side that served is closed for good, and the turn of the switch cannot be committed. */
const atTheCommit = () => hold(targetServer, "lock table planted.gate in access exclusive mode");
const LEFT_BEHIND = "lock table rehome.left_behind in access exclusive mode";
/** What turns the switch waits at its commit for a table that a test may hold. */
const PLANTED = `create schema planted; create table planted.gate ();
create function planted.wait() returns trigger language plpgsql security definer as $$ begin lock table planted.gate in share mode; return null; end $$;
create constraint trigger planted after update on rehome.switch deferrable initially deferred for each row execute function planted.wait()`;
/** Whoever sets the fence of this database waits; whoever reads it does not. */
const FENCE_STATE = "alter sequence rehome.fence_state cache 1";
const LEGACY_WRITE = `update meetings set "guestNotes" = coalesce("guestNotes", '') || '.' where id = (select id from meetings order by id limit 1)`;
const TARGET_WRITE = "update meetings set timezone = timezone where id = (select id from meetings order by id limit 1)";
const asProduct = () => world.sandbox.legacy.url("legacy", "eleva_app");
/** The mover's role without its pass: a writer like any other. */
const asWriterOnTarget = () => world.env["TARGET_MOVER_URL"] ?? "";

/**
 * Kills a verb at the moment when it waits for what is held, and looks that it was in that step.
 *
 * @param then what must be so while it is held on: the dead mover's last statement is still waiting at the server
 */
async function killedAt(verb: Verb, step: string, take: () => Promise<Hold>, then: () => Promise<void>): Promise<void> {
  const held = await take();
  const mover = start(verb);
  // A freeze looks at open transactions from outside and stands in no queue.
  await Promise.race([step === "freeze" ? mover.reached(step) : held.waitedFor(), mover.endedEarly]);
  await killedNow(mover, `${verb}: ${step}`, held, then);
}

/**
 * An open transaction of the product keeps the freeze waiting until the lock is taken that the mover shall meet inside the freeze, and then ends.
 *
 * @param how with `commit` its change is drained inside the freeze
 */
async function killedInFreeze(verb: Verb, step: string, how: "commit" | "rollback", take: () => Promise<Hold>): Promise<void> {
  const serving = verb === "cutover" ? "legacy" : "target";
  const open = verb === "cutover" ? await hold(asProduct(), LEGACY_WRITE) : await hold(asWriterOnTarget(), TARGET_WRITE);
  const mover = start(verb);
  await Promise.race([mover.reached("freeze"), mover.endedEarly]);
  const held = await take();
  await open.release(how);
  await Promise.race([held.waitedFor(), mover.endedEarly]);
  expect((await sidesThatWrite(world))[serving]).toBe("RH001");
  await killedNow(mover, `${verb}: ${step}`, held, () => takesWrites(serving));
}

async function killedNow({ running, kill }: Mover, lastLine: string, held: Hold, then: () => Promise<void>): Promise<void> {
  kill();
  const outcome = await running;
  await then().finally(() => held.release());
  expect(outcome.code).toBe(-1);
  expect(outcome.stderr.trim().split("\n").at(-1)).toBe(lastLine);
}

const takesWrites = async (side: "legacy" | "target"): Promise<void> => void (await writableWithin(world, side, BOUND_MS));
const serves = async (sides: Sides): Promise<void> => expect(await sidesThatWrite(world)).toEqual(sides);

/** The server would go on with the dead mover's commit as soon as it may. */
async function nobodyServesAndTheCommitFails(): Promise<void> {
  await serves(NOBODY_SERVES);
  const superuser = await connect(targetServer);
  await superuser.query("select pg_terminate_backend(pid, 5000) from pg_locks where relation = 'planted.gate'::regclass and not granted");
  await superuser.end();
}

type Verb = "cutover" | "rollback";

interface Mover {
  /** Until it says that it is in this step. */
  reached(step: string): Promise<void>;
  running: Promise<Outcome>;
  kill(): void;
  /** Rejects when it ends before it was killed. */
  endedEarly: Promise<never>;
}

function start(verb: Verb): Mover {
  let kill: (() => void) | undefined;
  let killed = false;
  let said = "";
  const running = rehome(world, [verb], { onStart: (way) => (kill = way), onStderr: (text) => (said += text) });
  const endedEarly = running.then((outcome): Promise<never> | never => {
    if (killed) return new Promise<never>(() => {});
    throw new Error(`The mover ended (code ${outcome.code}): ${outcome.stderr}`);
  });
  endedEarly.catch(() => {});
  return {
    running,
    endedEarly,
    async reached(step) {
      while (!said.includes(`${verb}: ${step}\n`)) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    kill() {
      killed = true;
      kill?.();
    },
  };
}

async function product(seed: string, acts: number): Promise<void> {
  const client = await connect(asProduct());
  await legacyWrites(client, world.eleva, seed, acts).finally(() => client.end());
}

/** Somebody who signs up after the cutover: at WorkOS, and in the product's tables. Gives the WorkOS user id. */
async function signUp(): Promise<string> {
  const workos = workosOf(world.sandbox.workos);
  const email = "newcomer@example.org";
  const user = await workos.userManagement.createUser({ email });
  const organization = await workos.organizations.createOrganization({ name: "Newcomer" });
  const writer = await connect(asWriterOnTarget());
  await writer.query("insert into organizations (id, type, name, slug) values ($1, 'patient_personal', 'Newcomer', 'newcomer')", [
    organization.id,
  ]);
  await writer.query("insert into users (org_id, workos_user_id, email) values ($1, $2, $3)", [organization.id, user.id, email]);
  await writer.end();
  return user.id;
}

async function clerkUsersOf(externalId: string): Promise<number> {
  const { secretKey, publishableKey, url } = world.sandbox.clerk;
  const clerk = createClerkClient({ secretKey, publishableKey, apiUrl: url, telemetry: { disabled: true } });
  return (await clerk.users.getUserList({ externalId: [externalId] })).data.length;
}

/** Every person sees exactly their rows, and WorkOS holds everybody once. */
async function provedOnTarget(): Promise<void> {
  const bypass = await connect(asWriterOnTarget());
  const proof = await proveElevaIsolation(bypass, world.env["DATABASE_URL"] ?? "", world.sandbox.workos).finally(() => bypass.end());
  expect(proof).toMatchObject({ ok: true, offenders: [] });
  expect(await accountsThatDiffer(workosOf(world.sandbox.workos), world.eleva)).toEqual([]);
}

function openProofs(outcome: Outcome): string[] {
  expect(outcome.stderr).not.toContain("Error");
  const { proofs } = outcome.result["verify"] as { proofs: Proof[] };
  return proofs.filter((proof) => !proof.ok).map((proof) => `${proof.name}: ${proof.offenders.join("; ")}`);
}
