import { extraPolicy, type Fault, OWN } from "./fault.ts";

export const COLUMN_FAULTS: readonly Fault[] = [
  {
    name: "moving rows to another organization",
    sql: "grant update (org_id) on public.note to {app}",
    finds: [["identity-column-writable", "public.note.org_id"]],
  },
  {
    name: "making oneself admin",
    sql: "alter table public.note add column role text; grant update (role) on public.note to {app}",
    finds: [["identity-column-writable", "public.note.role"]],
  },
  {
    name: "UPDATE on the whole table",
    sql: "grant update on public.note to {app}",
    finds: [
      ["identity-column-writable", "public.note.author_id"],
      ["identity-column-writable", "public.note.id"],
      ["identity-column-writable", "public.note.org_id"],
      ["money-column-writable", "public.note.price_cents"],
    ],
  },
  {
    name: "changing a price",
    sql: "grant update (price_cents) on public.note to {app}",
    finds: [["money-column-writable", "public.note.price_cents"]],
  },
  {
    name: "making a payout",
    sql: `${extraPolicy(`for insert to {app} with check (${OWN})`)}; grant insert (org_id, amount) on public.payout to {app}`,
    finds: [["money-column-writable", "public.payout.amount"]],
  },
  {
    name: "a secret that the product compares with everybody's",
    sql: "grant select (secret) on public.note to {app}",
    finds: [["confidential-column-open", "public.note.secret"]],
  },
  {
    name: "addresses of people",
    sql: "alter table public.remark add column guest_email text, add column phone_number text, add column email_verified boolean",
    finds: [
      ["confidential-column-open", "public.remark.guest_email"],
      ["confidential-column-open", "public.remark.phone_number"],
    ],
  },
  {
    name: "a credential that anonymous reads",
    sql: "create policy shown on public.note for select to {anon} using (title = 'x'); grant select (secret) on public.note to {anon}",
    finds: [
      ["sensitive-column-open", "public.note.secret"],
      ["anonymous-reads", "public.note"],
    ],
  },
  ...[
    "accessToken",
    "ACCESS_TOKENS",
    "accesstoken",
    "userPasswordHash",
    "apiKeys",
    "APIKey2",
    "totpSecrets",
    "IBANs",
    "old-passport",
    "diagnoses",
  ].map(
    (column): Fault => ({
      name: `a credential that anonymous reads, called ${column}`,
      sql: `alter table public.note add column "${column}" text; create policy shown on public.note for select to {anon} using (title = 'x');
        grant select ("${column}") on public.note to {anon}`,
      finds: [
        ["sensitive-column-open", `public.note.${/^[a-z_]+$/.test(column) ? column : `"${column}"`}`],
        ["anonymous-reads", "public.note"],
      ],
    }),
  ),
  ...["ownerOrgId", "OrganizationIDs", "former_org_id", "org_id_before", "TENANTID", "tenantIds", "organisation_id"].map(
    (column): Fault => ({
      name: `moving rows to another organization, by ${column}`,
      sql: `alter table public.note add column "${column}" text; grant update ("${column}") on public.note to {app}`,
      finds: [["identity-column-writable", `public.note.${/^[a-z_]+$/.test(column) ? column : `"${column}"`}`]],
    }),
  ),
  {
    name: "the organization's column in another letter case is no missing one, and may still be null",
    sql: 'alter table public.payout alter column org_id drop not null; alter table public.payout rename column org_id to "orgId"',
    finds: [["org-column-nullable", 'public.payout."orgId"']],
  },
];
