import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { query } from "../postgres/query.ts";
import { wantedOf } from "./account.ts";
import { type Difference, driftOf } from "./drift.ts";
import { type Known, readKnown } from "./known.ts";
import { type Account, type Observed, observeWorkos } from "./observe.ts";
import type { PacedWorkos } from "./workos.ts";

/** Of people whom a rollback brought back to Clerk: WorkOS had them first, without an external id. */
const NEWCOMER = "signed_up_after_cutover";

export interface Comparison {
  observed: Observed;
  /** By legacy id, of people whom Clerk names and who were compared. */
  people: { id: string; disposition: string; known: Known | undefined; differences: Difference[] }[];
  /** Clerk names them, and nobody decided about them. */
  undecided: string[];
  /** WorkOS users whom nobody of legacy explains, and whether this move made them. */
  strangers: (Account & { ours: boolean })[];
}

/**
 * Holds everything at WorkOS against everything at Clerk. The expected side is Clerk itself (`people`, read anew), the found side is WorkOS; the ledger only
 * says who was to move and which ids are whose. Writes to the ledger what WorkOS said (see `observeWorkos`), and nothing else.
 *
 * @param only legacy ids; null for everybody. Strangers are looked for only among everybody
 * @param fresh asks for everybody anew
 */
export async function compareUsers(
  client: ClientBase,
  workos: PacedWorkos,
  epoch: string,
  people: readonly LegacyUser[],
  config: MoveConfig["users"],
  {
    only = null,
    fresh = false,
    onProgress,
  }: { only?: ReadonlySet<string> | null; fresh?: boolean; onProgress?: (done: number, total: number) => void } = {},
): Promise<Comparison> {
  const decided = await query<{ id: string; disposition: string; reason: string }>(
    client,
    "read the dispositions",
    "select legacy_user_id as id, disposition, reason from rehome.disposition",
  );
  const [move] = await query<{ id: string }>(client, "read which move this is", "select id::text from rehome.move");
  const known = await readKnown(client, "i.moved", []);
  const decisionById = new Map(decided.map((row) => [row.id, row]));
  const knownById = new Map(known.map((one) => [one.legacyUserId, one]));
  const asked = people.filter((person) => !only || only.has(person.id));
  const toAsk = asked.flatMap((person) => {
    const userId = knownById.get(person.id)?.userId;
    return userId ? [{ userId, hasFactor: person.totp !== null || knownById.get(person.id)?.factorId !== null }] : [];
  });
  const observed = await observeWorkos(client, workos, epoch, toAsk, onProgress, fresh);
  const context = {
    observed,
    accountById: new Map(observed.accounts.map((account) => [account.id, account])),
    accountByExternalId: new Map(
      observed.accounts.flatMap((account) => (account.externalId ? [[account.externalId, account] as const] : [])),
    ),
    ownerOf: ownersOf(known),
    letIn: await letInByProduct(client),
  };
  const comparison: Comparison = { observed, people: [], undecided: [], strangers: [] };
  const explained = new Set<string>();
  for (const person of asked) {
    const decision = decisionById.get(person.id);
    if (!decision?.reason) {
      comparison.undecided.push(person.id);
      continue;
    }
    const { disposition } = decision;
    const there = knownById.get(person.id);
    const isNewcomer = decision.reason === NEWCOMER;
    const account = (isNewcomer ? undefined : context.accountByExternalId.get(person.id)) ?? context.accountById.get(there?.userId ?? "");
    if (account) explained.add(account.id);
    const moves = disposition === "move" || disposition === "move_reset_password";
    const differences = moves
      ? there
        ? driftOf(there, wantedOf(person, namesByClerk(person, there, config), config, move?.id ?? ""), { ...context, isNewcomer })
        : [{ what: "no WorkOS user, organization or membership" }]
      : account
        ? [{ what: `is ${disposition} and has a WorkOS user` }]
        : [];
    comparison.people.push({ id: person.id, disposition, known: there, differences });
  }
  if (!only) {
    const strangers = observed.accounts.filter((account) => !explained.has(account.id));
    comparison.strangers = strangers.map((account) => ({ ...account, ours: account.moveId === move?.id }));
  }
  return comparison;
}

/** By what Clerk says now. A practice that is there is kept, whatever Clerk says of it. */
function namesByClerk(person: LegacyUser, known: Known, { organizations }: MoveConfig["users"]): Known["names"] {
  return {
    home: organizations.personal.name(person),
    practice: organizations.practice(person)?.name ?? known.names.practice,
  };
}

function ownersOf(known: readonly Known[]): Map<string, string> {
  return new Map(
    known.flatMap((one) =>
      Object.values(one.organizations).flatMap(({ id }): [string, string][] => (id === null ? [] : [[id, one.legacyUserId]])),
    ),
  );
}

/** Members of a practice that became a clinic while the target served: the product's mirror has them, and the mover made none. */
async function letInByProduct(client: ClientBase): Promise<ReadonlySet<string>> {
  const [mirror] = await query<{ there: boolean }>(
    client,
    "look for the mirror of memberships",
    "select to_regclass('public.memberships') is not null as there",
  );
  if (!mirror?.there) return new Set();
  const rows = await query<{ user: string; organization: string }>(
    client,
    "read who was let into a practice",
    `select m.workos_user_id as "user", m.org_id as organization from public.memberships m
       join rehome.identity i on i.workos_practice_id = m.org_id where m.workos_user_id <> i.workos_user_id`,
  );
  return new Set(rows.map(({ user, organization }) => `${user} ${organization}`));
}
