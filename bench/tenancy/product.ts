import { type BenchDatabase, idSql } from "./database.ts";
import { GUARDED, policies, roles } from "./policies.ts";

export interface ProductSize {
  organizations: number;
  /** A multiple of `organizations`: each has equally many. */
  meetings: number;
  /** Meetings of one large organization on top, whose number is `organizations` + 1. */
  clinicMeetings: number;
}

/**
 * Meetings, and a record and a payment for each; one member for each organization. Rows of one organization lie scattered, as they come in
 * life. All policies stand on the same tables, one role each, so that the sides of a comparison share data, indexes and cache.
 *
 * @param guarded the organization as the guarded policies ask for it; a test slows it down
 */
export async function loadProduct({ owner }: BenchDatabase, size: ProductSize, guarded = GUARDED): Promise<void> {
  await owner.query(rows(size));
  await owner.query(indexes(size));
  await owner.query(roles());
  await owner.query(policies(guarded));
  await owner.query("vacuum (analyze) public.meetings, public.records, public.payments, public.memberships");
  await owner.query("checkpoint");
}

const rows = ({ organizations, meetings, clinicMeetings }: ProductSize) => `
  create table public.meetings (id bigint not null, expert_org_id text not null, patient_org_id text not null, title text not null,
    starts_at timestamptz not null, price_cents int not null);
  create table public.records (meeting_id bigint not null, org_id text not null, body text not null);
  create table public.payments (meeting_id bigint not null, org_id text not null, amount_cents int not null);
  insert into public.memberships select ${idSql("org", "g")}, ${idSql("user", "g")}, 'member', '{meetings:read,meetings:write}', 'active'
    from generate_series(1, ${organizations + 1}) g;
  insert into public.meetings
    select g, ${idSql("org", `1 + g % ${organizations}`)}, ${idSql("org", `1 + (g::bigint * 7919) % ${organizations}`)}, 'A first talk, number ' || g,
      timestamptz '2026-01-01' + g * interval '1 minute', 4000 + g % 9000
    from generate_series(1, ${meetings}) g;
  insert into public.meetings
    select ${meetings} + g, ${idSql("org", `${organizations + 1}`)}, ${idSql("org", `1 + g % ${organizations}`)}, 'A talk at the clinic, number ' || g,
      timestamptz '2026-01-01' + g * interval '1 minute', 4000 + g % 9000
    from generate_series(1, ${clinicMeetings}) g;
  insert into public.records select id, expert_org_id, 'sealed notes of ' || id from public.meetings;
  insert into public.payments select id, expert_org_id, price_cents from public.meetings`;

// Said, because the planner's own guess (from a sample of 30,000 rows) would differ from run to run.
const indexes = ({ organizations }: ProductSize) => `
  alter table public.meetings add primary key (id);
  create index on public.meetings (expert_org_id, starts_at, id);
  create index on public.meetings (patient_org_id, starts_at, id);
  alter table public.records add primary key (meeting_id);
  create index on public.records (org_id);
  alter table public.payments add primary key (meeting_id);
  create index on public.payments (org_id);
  alter table public.meetings alter expert_org_id set (n_distinct = ${organizations}), alter patient_org_id set (n_distinct = ${organizations});
  alter table public.records alter org_id set (n_distinct = ${organizations});
  alter table public.payments alter org_id set (n_distinct = ${organizations})`;
