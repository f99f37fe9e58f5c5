import type { ClientBase } from "pg";
import { escapeIdentifier } from "pg";
import { callProbe } from "./calls.ts";
import { comparisons } from "./comparisons.ts";
import { confidentialProbes } from "./confidential.ts";
import { conflictProbes, type Existence, existences } from "./conflicts.ts";
import { copyProbes, tryCopy } from "./copies.ts";
import { deleteProbes } from "./deletes.ts";
import { findGaps } from "./gaps.ts";
import { insertProbes } from "./inserts.ts";
import { joinProbes } from "./joins.ts";
import type { Probe, Target } from "./probe.ts";
import { readProbes } from "./reads.ts";
import { rightsFindings } from "./rights.ts";
import type { Route } from "./routes.ts";
import { hiddenValues, quotesHidden, showsHidden } from "./said.ts";
import { serverFileProbes } from "./server-files.ts";
import { asPersona, type Outcome, runTries, undone } from "./session.ts";
import { statisticsProbes } from "./statistics.ts";
import { Tally } from "./tally.ts";
import type { HuntOptions, Matrix, Persona, TableRule, World } from "./types.ts";
import { updateProbes } from "./updates.ts";
import { viewsSeen } from "./views-seen.ts";
import { type KnownWorld, readWorld, relation } from "./world.ts";

/** A hunt whose world was read and whose statements were made; to be run as often as wanted, as long as the rows stay as they are. */
export interface PreparedHunt {
  world: World;
  run(over?: HuntRun): Promise<Matrix>;
}

export interface HuntRun {
  tables?: readonly string[];
  stopAtFirst?: boolean;
  /** Personas of these roles try first; the others all the same. */
  firstRoles?: readonly string[];
  /** Routes that are left out, each of them a gap; `token` cannot be. Shows what only one route finds. */
  without?: readonly Route[];
}

/**
 * Tries, as every persona, to read and write every table by every route, and compares what Postgres did with what the oracle says, in both
 * directions. Three looks: the grants alone (catalog), the policies alone (every right is granted in a transaction that is undone), and both
 * together, through the logins of the product.
 *
 * Writes nothing: every statement is undone. It takes row locks and, for a moment, rights on all tables: hunt a copy or a branch, not the
 * database of the product. Rows are held in memory. Nothing of a row's values is in the result.
 */
export async function hunt(options: HuntOptions): Promise<Matrix> {
  const prepared = await prepareHunt(options);
  return await prepared.run();
}

export async function prepareHunt(options: HuntOptions): Promise<PreparedHunt> {
  const known = await undone(options.owner, async () => {
    await options.owner.query("set local search_path = pg_catalog, pg_temp");
    return await readWorld(options.owner, options.schema ?? "public", options.personas);
  });
  const { world } = known;
  const rules = new Map(options.personas.map((persona) => [persona, options.oracle.rules(world, persona)]));
  const probesOf = cached((persona, table, allGranted) => {
    const target = targetOf(known, options, rules, persona, table, allGranted);
    return target
      ? [
          ...readProbes(target),
          ...insertProbes(target),
          ...updateProbes(target),
          ...deleteProbes(target),
          ...(allGranted ? [] : conflictProbes(target)),
        ]
      : [];
  });
  return {
    world,
    async run({ tables = options.tables, stopAtFirst = options.stopAtFirst ?? false, firstRoles = [], without = [] } = {}) {
      const started = performance.now();
      const names = Object.keys(world.tables).filter((name) => tables?.includes(name) ?? true);
      const tally = new Tally(options.personas, names, stopAtFirst);
      const rulesOf = (persona: Persona) => rules.get(persona) ?? {};
      const early = ({ role }: Persona) => firstRoles.includes(role);
      const personas = [...options.personas.filter(early), ...options.personas.filter((persona) => !early(persona))];
      const goes = ({ route }: { route: Route }) => !without.includes(route);
      const hunted: Hunted = { known, options: { ...options, personas }, names, tally, rules, rulesOf, probesOf, goes };

      const rights = await rightsFindings(options.owner, world, options.personas, rulesOf, names);
      tally.findings.push(...rights.findings);
      if (!tally.done()) await tryPoliciesAlone(hunted);
      if (!tally.done()) await tryAsItIs(hunted);
      if (!tally.done()) await tryComparisons(hunted);
      const gaps = stopAtFirst && tally.done() ? [] : await findGaps(options, world, names, rulesOf, tally);
      return tally.matrix(gaps, (performance.now() - started) / 1000);
    },
  };
}

interface Hunted {
  known: KnownWorld;
  options: HuntOptions;
  names: readonly string[];
  tally: Tally;
  rules: ReadonlyMap<Persona, Readonly<Record<string, TableRule>>>;
  rulesOf(persona: Persona): Readonly<Record<string, TableRule>>;
  probesOf(persona: Persona, table: string, allGranted: boolean): readonly Probe[];
  /** Whether a route is not left out. */
  goes(way: { route: Route }): boolean;
}

/** As if somebody had granted everything by mistake: then the policies are what holds. */
async function tryPoliciesAlone({ known, options, names, tally, probesOf, goes }: Hunted): Promise<void> {
  const { world } = known;
  const { owner, personas, guardSchema = "auth" } = options;
  await undone(owner, async () => {
    const roles = [...new Set(personas.map(({ role }) => role))].map(escapeIdentifier).join(", ");
    const tables = names.map((name) => relation(world.schema, name)).join(", ");
    if (tables !== "" && roles !== "") await owner.query(`grant select, insert, update, delete on ${tables} to ${roles}`);
    await withoutTriggers(owner, known, names, options);
    for (const persona of personas) {
      await asPersona(owner, persona, guardSchema, async (bound) => {
        tally.bound(persona, bound);
        const probes = names.flatMap((name) => probesOf(persona, name, true)).filter(goes);
        const outcomes = await runTries(owner, probes);
        for (const [at, probe] of probes.entries()) tally.add(persona, probe, outcomes[at], "policy");
      });
      if (tally.done()) return;
    }
  });
}

/**
 * A trigger that refuses would hide what a policy lets through, and so would a foreign key. Only a superuser may turn those off; else what
 * the product names is off, and rows that others refer to are deleted by key only.
 */
async function withoutTriggers(
  owner: ClientBase,
  { world, superuser }: KnownWorld,
  names: readonly string[],
  { productRules = [] }: HuntOptions,
): Promise<void> {
  for (const name of names) {
    const triggers = superuser
      ? ["all"]
      : productRules.filter(({ table }) => table === name).map(({ trigger }) => escapeIdentifier(trigger));
    for (const trigger of triggers) await owner.query(`alter table ${relation(world.schema, name)} disable trigger ${trigger}`);
  }
}

/** As it is, through the product's own logins. */
async function tryAsItIs({ known, options, names, tally, rules, rulesOf, probesOf, goes }: Hunted): Promise<void> {
  const { world } = known;
  const { personas, guardSchema = "auth", oracle } = options;
  for (const persona of personas) {
    const client = clientFor(options, persona);
    const targets = names.flatMap((name) => targetOf(known, options, rules, persona, name, false) ?? []);
    const calls = oracle.calls?.(world, persona) ?? [];
    const probes = [
      ...names.flatMap((name) => probesOf(persona, name, false)),
      ...statisticsProbes(
        world,
        rulesOf(persona),
        names.filter((name) => !owns(world, persona, name)),
      ),
      ...(isFirst(options, persona) ? serverFileProbes() : []),
      ...joinProbes(world, rulesOf(persona), names),
      ...calls.map((call) => callProbe(call, world.views)),
      ...targets.flatMap(confidentialProbes),
    ].filter(goes);
    const copies = targets.flatMap(copyProbes).filter(goes);
    const hints = targets.flatMap(existences).filter(goes);
    const hidden = hiddenValues(targets);
    await asPersona(client, persona, guardSchema, async (bound) => {
      tally.bound(persona, bound);
      const outcomes = await runTries(client, probes);
      const note = (probe: Probe, outcome: Outcome | undefined) => {
        tally.add(persona, probe, byProductRule(options, probe, outcome), "effect");
        if (!outcome) return;
        if (goes({ route: "error text" }) && quotesHidden(outcome, probe.sql, hidden)) tally.quoted(persona, probe);
        if (probe.shows && showsHidden(outcome, probe.sql, hidden)) tally.shown(persona, probe);
      };
      for (const [at, probe] of probes.entries()) note(probe, outcomes[at]);
      await tryPairs(client, persona, tally, hints);
      for (const copy of copies) note(copy, await tryCopy(client, copy));
    });
    if (tally.done()) return;
  }
}

/** Comparisons, last: they are many, and of each role one persona's show what all others' would. */
async function tryComparisons({ known, options, names, tally, rules, goes }: Hunted): Promise<void> {
  if (!goes({ route: "comparison" })) return;
  const { personas, guardSchema = "auth" } = options;
  const as = <T>(persona: Persona, work: (client: ClientBase) => Promise<T>) =>
    asPersona(clientFor(options, persona), persona, guardSchema, () => work(clientFor(options, persona)));
  const seen = await viewsSeen(known.world, personas, as);
  for (const persona of personas.filter((one) => isFirst(options, one))) {
    const targets = names.flatMap((name) => targetOf(known, options, rules, persona, name, false) ?? []);
    const pairs = [...targets.flatMap(comparisons), ...seen.comparisonsOf(persona)];
    if (pairs.length > 0) await as(persona, (client) => tryPairs(client, persona, tally, pairs));
  }
}

/** Two statements each: what differs between them shows something hidden. */
async function tryPairs(client: ClientBase, persona: Persona, tally: Tally, hints: readonly Existence[]): Promise<void> {
  const outcomes = await runTries(
    client,
    hints.flatMap(({ sqls, answer = false }) => sqls.map((sql) => ({ sql, answer }))),
  );
  hints.forEach((hint, at) => {
    const [one, other] = [outcomes[at * 2], outcomes[at * 2 + 1]];
    if (!one || !other) return;
    tally.asked(hint);
    if (!hint.differs(one, other)) return;
    if (hint.closed) tally.answered(persona, hint);
    else tally.limit(persona, hint);
  });
}

/** A refusal by the product's own trigger: like a constraint's where the locks let the row through, else like theirs. */
function byProductRule({ productRules = [] }: HuntOptions, probe: Probe, outcome: Outcome | undefined): Outcome | undefined {
  if (!outcome?.state || !productRules.some(({ table, states }) => table === probe.table && states.includes(outcome.state ?? "")))
    return outcome;
  return { ...outcome, state: probe.granted ? "23000" : "42501" };
}

const isFirst = ({ personas }: HuntOptions, persona: Persona): boolean => personas.find(({ role }) => role === persona.role) === persona;
const owns = (world: World, { role }: Persona, table: string): boolean => world.tables[table]?.owner === role;

function clientFor({ owner, login, worker }: HuntOptions, { kind }: Persona): ClientBase {
  if (kind === "internal") return owner;
  return (kind === "job" ? worker : login) ?? owner;
}

function targetOf(
  { world, keys, superuser }: KnownWorld,
  options: HuntOptions,
  rules: ReadonlyMap<Persona, Readonly<Record<string, TableRule>>>,
  persona: Persona,
  name: string,
  allGranted: boolean,
): Target | undefined {
  const table = world.tables[name];
  if (!table) return undefined;
  const { personas } = options;
  // The owner of a table has every right on it.
  const first = isFirst(options, persona);
  const mine = rules.get(persona) ?? {};
  const rule = mine[name] ?? {};
  const ofRole = personas.filter(({ role }) => role === persona.role).map((one) => rules.get(one)?.[name] ?? {});
  const triggersOff = allGranted && superuser;
  return {
    world,
    keys,
    table,
    rule,
    rules: mine,
    persona,
    personas,
    ofRole,
    first,
    allGranted: allGranted || owns(world, persona, name),
    triggersOff,
  };
}

function cached(make: (persona: Persona, table: string, allGranted: boolean) => readonly Probe[]) {
  const made = new Map<Persona, Map<string, readonly Probe[]>>();
  return (persona: Persona, table: string, allGranted: boolean): readonly Probe[] => {
    const mine = made.get(persona) ?? new Map<string, readonly Probe[]>();
    made.set(persona, mine);
    const key = `${allGranted} ${table}`;
    const probes = mine.get(key) ?? make(persona, table, allGranted);
    mine.set(key, probes);
    return probes;
  };
}
