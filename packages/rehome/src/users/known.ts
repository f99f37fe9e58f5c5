import type { ClientBase } from "pg";
import { holdEpoch } from "../ledger/ledger.ts";
import { query, transaction } from "../postgres/query.ts";
import type { OrganizationKind, OrganizationNames } from "./account.ts";

/** What the ledger knows of one organization of a person. */
export interface KnownOrganization {
  id: string | null;
  membershipId: string | null;
  /** What WorkOS was told last; null when that is not known. */
  name: string | null;
  role: string | null;
  /** WorkOS's `updated_at`, as it answered last. */
  updatedAt: string | null;
  /** Whether this move made it. */
  made: boolean;
}

/** What the ledger knows of one person at WorkOS. Filled in as answers come, so that a failure half-way loses nothing. */
export interface Known {
  legacyUserId: string;
  rowId: string;
  /** An earlier run may have sent requests for this person: look before creating. */
  attempted: boolean;
  names: OrganizationNames;
  userId: string | null;
  madeUser: boolean;
  accountPrint: string | null;
  passwordPrint: string | null;
  totpPrint: string | null;
  email: string | null;
  updatedAt: string | null;
  factorId: string | null;
  /** While an enrolment of ours may be under way: ids of the factors that were there before. */
  factorsBefore: string[] | null;
  organizations: Record<OrganizationKind, KnownOrganization>;
  /** Milliseconds since 1970, since when a request of unknown outcome may still arrive. */
  doubtSince: number | null;
}

const COLUMNS = `
  i.legacy_user_id as "legacyUserId", i.row_id::text as "rowId", i.attempted_at is not null as attempted, i.organization_name as "homeName",
  i.workos_user_id as "userId", i.made_user as "madeUser", i.account_print as "accountPrint", i.password_print as "passwordPrint", i.totp_print as "totpPrint",
  i.workos_email as email, i.workos_updated_at as "updatedAt", i.workos_factor_id as "factorId", i.factors_before as "factorsBefore",
  i.workos_organization_id as "homeId", i.workos_membership_id as "homeMembershipId", i.organizations_sent as sent,
  case when i.practice_type is not null then coalesce(i.practice_name, i.organization_name) end as "practiceName",
  i.workos_practice_id as "practiceId", i.workos_practice_membership_id as "practiceMembershipId",
  (extract(epoch from i.doubt_since) * 1000)::float8 as "doubtSince"`;

type Row = Omit<Known, "names" | "organizations"> & {
  homeName: string;
  homeId: string | null;
  homeMembershipId: string | null;
  practiceName: string | null;
  practiceId: string | null;
  practiceMembershipId: string | null;
  sent: Partial<Record<OrganizationKind, Omit<KnownOrganization, "id" | "membershipId">>>;
};

/**
 * Reads people in the order of their legacy ids.
 *
 * @param where SQL over `rehome.identity i`, with `params`
 */
export async function readKnown(client: ClientBase, where: string, params: readonly unknown[], limit?: number): Promise<Known[]> {
  const rows = await query<Row>(
    client,
    "read the identity map",
    `select ${COLUMNS} from rehome.identity i where ${where} order by i.legacy_user_id ${limit === undefined ? "" : `limit ${limit}`}`,
    params,
  );
  return rows.map(({ homeName, homeId, homeMembershipId, practiceName, practiceId, practiceMembershipId, sent, ...row }) => ({
    ...row,
    names: { home: homeName, practice: practiceName },
    organizations: {
      home: { ...NEVER_SENT, ...sent.home, id: homeId, membershipId: homeMembershipId },
      practice: { ...NEVER_SENT, ...sent.practice, id: practiceId, membershipId: practiceMembershipId },
    },
  }));
}

const NEVER_SENT = { name: null, role: null, updatedAt: null, made: false };

/** Marks people as being worked on; committed before the first request for them is sent. */
export async function claim(client: ClientBase, epoch: string, people: readonly Known[]): Promise<void> {
  await transaction(client, async () => {
    await holdEpoch(client, epoch);
    await query(
      client,
      "note which people are being moved",
      "update rehome.identity set attempted_at = coalesce(attempted_at, now()), in_flight = $2 where legacy_user_id = any($1)",
      [people.map((known) => known.legacyUserId), epoch],
    );
  });
}

/** What became of a person in this run. */
export interface Outcome {
  known: Known;
  /** In words; empty when nothing had to be sent. */
  changes: string[];
  /** False when it stopped half-way: the next run looks before it sends. */
  settled: boolean;
  refusal?: { code: string; what: string };
  /** For somebody who was taken back because of a refusal: it stands. */
  keepsRefusal?: boolean;
}

/** Writes what WorkOS answered. One transaction for all of them. */
export async function saveOutcomes(client: ClientBase, epoch: string, outcomes: readonly Outcome[]): Promise<void> {
  await transaction(client, async () => {
    await holdEpoch(client, epoch);
    await query(client, "write to the identity map what WorkOS answered", SAVE, [JSON.stringify(outcomes.map(toRow))]);
    // WorkOS has no event for factors: what was remembered of people who were written to is asked again.
    await query(client, "forget what WorkOS said of them", "delete from rehome.seen where workos_user_id = any($1)", [
      outcomes.flatMap(({ known }) => known.userId ?? []),
    ]);
    const changed = outcomes.filter((outcome) => outcome.changes.length > 0);
    await query(
      client,
      "note what was changed",
      "insert into rehome.person_change (epoch, legacy_user_id, what) select $1, p.id, p.what from json_to_recordset($2) p(id text, what text[])",
      [epoch, JSON.stringify(changed.map(({ known, changes }) => ({ id: known.legacyUserId, what: changes })))],
    );
    const refused = outcomes.filter((outcome) => outcome.refusal);
    if (refused.length > 0)
      await saveRefusals(
        client,
        refused.map(({ known, refusal }) => ({ id: known.legacyUserId, ...(refusal as { code: string; what: string }) })),
      );
    const settled = outcomes
      .filter((outcome) => outcome.settled && !outcome.refusal && !outcome.keepsRefusal)
      .map(({ known }) => known.legacyUserId);
    await query(client, "forget refusals that are over", "delete from rehome.refusal where legacy_user_id = any($1)", [settled]);
  });
}

/** Inside a transaction: these people do not move, by their code. */
export async function saveRefusals(client: ClientBase, refused: readonly { id: string; code: string; what: string }[]): Promise<void> {
  const list = JSON.stringify(refused);
  await query(
    client,
    "note who was refused",
    `with r as (select * from json_to_recordset($1) r(id text, code text, what text)),
          noted as (insert into rehome.refusal (legacy_user_id, code, what) select id, code, what from r
                      on conflict (legacy_user_id) do update set code = excluded.code, what = excluded.what, refused_at = now()),
          stays as (update rehome.identity i set moved = false from r where i.legacy_user_id = r.id)
     insert into rehome.disposition (legacy_user_id, disposition, reason) select id, 'refused', code from r
         on conflict (legacy_user_id) do update set disposition = 'refused', reason = excluded.reason, decided_at = now()`,
    [list],
  );
}

function toRow({ known, settled }: Outcome): unknown {
  const { home, practice } = known.organizations;
  return {
    id: known.legacyUserId,
    u: known.userId,
    made: known.madeUser,
    a: known.accountPrint,
    p: known.passwordPrint,
    t: known.totpPrint,
    email: known.email,
    updated: known.updatedAt,
    f: known.factorId,
    before: known.factorsBefore,
    o: home.id,
    m: home.membershipId,
    o2: practice.id,
    m2: practice.membershipId,
    sent: { home: whatWasSent(home), practice: whatWasSent(practice) },
    doubt: known.doubtSince === null ? null : new Date(known.doubtSince).toISOString(),
    settled,
  };
}

const whatWasSent = ({ id: _, membershipId: __, ...sent }: KnownOrganization) => sent;

// Rows that were copied name the user and the organizations: when one of these ids is another by now, the rows must follow.
const SAVE = `
with b as (
  select * from json_to_recordset($1) b(id text, u text, made boolean, a text, p text, t text, email text, updated text, f text, before text[],
                                        o text, m text, o2 text, m2 text, sent json, doubt timestamptz, settled boolean)),
other as (
  insert into rehome.rejudge (legacy_user_id, workos_user_ids, workos_organization_ids)
  select i.legacy_user_id, array_remove(array[i.workos_user_id], null), array_remove(array[i.workos_organization_id, i.workos_practice_id], null)
    from b join rehome.identity i on i.legacy_user_id = b.id
   where (i.workos_user_id is distinct from b.u or i.workos_organization_id is distinct from b.o or i.workos_practice_id is distinct from b.o2)
     and exists (select from rehome.task where verb = 'copy')
      on conflict (legacy_user_id) do update set workos_user_ids = rehome.rejudge.workos_user_ids || excluded.workos_user_ids,
         workos_organization_ids = rehome.rejudge.workos_organization_ids || excluded.workos_organization_ids)
update rehome.identity i
   set workos_user_id = b.u, made_user = b.made, account_print = b.a, password_print = b.p, totp_print = b.t, workos_email = b.email,
       workos_updated_at = b.updated, workos_factor_id = b.f, factors_before = b.before, workos_organization_id = b.o, workos_membership_id = b.m,
       workos_practice_id = b.o2, workos_practice_membership_id = b.m2,
       organizations_sent = b.sent, doubt_since = b.doubt, in_flight = case when b.settled then null else i.in_flight end
  from b where i.legacy_user_id = b.id`;
