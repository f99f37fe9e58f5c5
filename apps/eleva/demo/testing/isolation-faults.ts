import type { Fault } from "./moved.ts";

/** Wrong policies, planted as the superuser. */
export const isolationFaults: Fault[] = [
  {
    what: "using (true)",
    plant: async ({ owner }) => {
      await owner.query("create policy oops on payment_transfers for select to authenticated using (true)");
      return () => owner.query("drop policy oops on payment_transfers");
    },
    named: / on payment_transfers: \d+ rows too many, 0 missing, 0 other than they stand$/,
  },
  {
    what: "a dropped policy",
    plant: async ({ owner }) => {
      const { rows } = await owner.query<{ name: string; qual: string }>(
        `select policyname as name, qual from pg_policies
          where tablename = 'memberships' and cmd = 'SELECT' and roles = '{authenticated}'`,
      );
      if (rows.length !== 1) throw new Error("memberships has another policy than one for the product's reads");
      await owner.query(`drop policy ${rows[0]?.name} on memberships`);
      return () => owner.query(`create policy ${rows[0]?.name} on memberships for select to authenticated using (${rows[0]?.qual})`);
    },
    named: / on memberships: 0 rows too many, [12] missing, 0 other than they stand$/,
  },
];
