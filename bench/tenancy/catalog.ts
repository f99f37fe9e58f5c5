import { newestShared } from "@rehome/tenancy";
import { pgRole, QueryBuilder } from "drizzle-orm/pg-core";
import { ROLES } from "./policies.ts";
import { productTables } from "./tables.ts";

export interface Call {
  /** A meeting of the organization that asks. */
  meeting: number;
  /** A meeting's id that no other call has. */
  fresh: number;
  organization: string;
}

/** What the product asks, and how it would be written where no policy helps. */
export interface Statement {
  id: string;
  /** Where it names the organization itself it says GUARDED, as the builders do. */
  text: string;
  params(call: Call): unknown[];
  byHand: string;
  /** Parameters of the hand-written form; those of `text` and then the organization when left out. */
  byHandParams?(call: Call): unknown[];
  /** The most it may cost beside the hand-written form: an aim. */
  aim: number;
  /** Each side asks for an organization of its own, so that none waits for another's row lock. */
  writes?: true;
  /** Under the policy of meetings that two organizations share. */
  shared?: boolean;
  /** Asked by the large organization. */
  clinic?: boolean;
  /** A policy that looks into memberships for each row reads the whole table here. */
  scans?: true;
}

const COLUMNS = "id, expert_org_id, patient_org_id, title, starts_at, price_cents";
const NEWEST = "order by starts_at desc limit 50";
const JOIN =
  "select m.id, r.body, p.amount_cents from meetings m join records r on r.meeting_id = m.id join payments p on p.meeting_id = m.id where m.id = $1";
const UPDATE = "update meetings set price_cents = price_cents + 1 where id = $1";
const INSERT = `insert into meetings (${COLUMNS}) values ($1, $2, $2, 'A first talk', now(), 4000)`;

const own = ({ meeting }: Call) => [meeting];
const none = () => [];

/** The list that a product writes with the builders of @rehome/tenancy, as Drizzle sends it. */
function newestOfBoth(): { text: string; params: unknown[] } {
  const { meetings } = productTables(pgRole(ROLES.guardedShared).existing(), true);
  const orgs = [meetings.expertOrgId, meetings.patientOrgId] as const;
  const { sql, params } = newestShared(new QueryBuilder(), meetings, {
    orgs,
    orderBy: [meetings.startsAt, meetings.id],
    limit: 50,
  }).toSQL();
  return { text: sql, params };
}

const NEWEST_WHOLE = "order by starts_at desc, id desc limit 50";
const NEWEST_OF_BOTH_BY_HAND = `(select ${COLUMNS} from meetings where expert_org_id = $1 ${NEWEST_WHOLE}) union all
  (select ${COLUMNS} from meetings where patient_org_id = $1 and expert_org_id <> $1 ${NEWEST_WHOLE}) ${NEWEST_WHOLE}`;

/** A list of what two organizations share: as one OR, which has no ordered plan, and asked twice. */
function sharedLists(ofClinic: boolean): Statement[] {
  const base = { aim: 1.15, shared: true, clinic: ofClinic };
  const { text, params } = newestOfBoth();
  return [
    {
      ...base,
      id: ofClinic ? "shared-list-or-clinic" : "shared-list-or",
      text: `select ${COLUMNS} from meetings ${NEWEST}`,
      params: none,
      byHand: `select ${COLUMNS} from meetings where expert_org_id = $1 or patient_org_id = $1 ${NEWEST}`,
    },
    {
      ...base,
      id: ofClinic ? "shared-list-clinic" : "shared-list",
      text,
      params: () => params,
      byHand: NEWEST_OF_BOTH_BY_HAND,
      byHandParams: ({ organization }) => [organization],
    },
  ];
}

export const STATEMENTS: readonly Statement[] = [
  {
    id: "point",
    text: `select ${COLUMNS} from meetings where id = $1`,
    params: own,
    byHand: `select ${COLUMNS} from meetings where id = $1 and expert_org_id = $2`,
    aim: 1.15,
  },
  {
    id: "newest-50",
    text: `select ${COLUMNS} from meetings ${NEWEST}`,
    params: none,
    byHand: `select ${COLUMNS} from meetings where expert_org_id = $1 ${NEWEST}`,
    aim: 1.15,
    scans: true,
  },
  {
    id: "aggregate",
    text: "select count(*), sum(price_cents) from meetings",
    params: none,
    byHand: "select count(*), sum(price_cents) from meetings where expert_org_id = $1",
    aim: 1.15,
    scans: true,
  },
  {
    id: "join-of-three",
    text: JOIN,
    params: own,
    byHand: `${JOIN} and m.expert_org_id = $2 and r.org_id = $2 and p.org_id = $2`,
    aim: 1.25,
  },
  {
    id: "insert",
    text: INSERT,
    params: ({ fresh, organization }) => [fresh, organization],
    byHand: INSERT,
    byHandParams: ({ fresh, organization }) => [fresh, organization],
    aim: 1.25,
    writes: true,
  },
  { id: "update", text: UPDATE, params: own, byHand: `${UPDATE} and expert_org_id = $2`, aim: 1.25, writes: true },
  ...sharedLists(false),
  ...sharedLists(true),
];
