import { pgRole } from "drizzle-orm/pg-core";

// All exist before the migrations run: the first three are made by @rehome/tenancy, the others by job-roles.sql.

export const authenticated = pgRole("authenticated").existing();
export const anonymous = pgRole("anonymous").existing();

/** One role a job, each with the tables it needs and no other. None can log in; a worker's login role is granted the one it runs as. */
export const job = {
  booking: pgRole("rehome_job_booking").existing(),
  payments: pgRole("rehome_job_payments").existing(),
  sync: pgRole("rehome_job_sync").existing(),
  admin: pgRole("rehome_job_admin").existing(),
  setup: pgRole("rehome_job_setup").existing(),
  identity: pgRole("rehome_job_identity").existing(),
  claim: pgRole("rehome_job_claim").existing(),
  deletion: pgRole("rehome_job_deletion").existing(),
};

/** Owners of security definer functions and of the view: each sees, under policies of its own, only the columns its functions need. */
export const fn = {
  /** `busy_intervals` */
  busy: pgRole("rehome_fn_busy").existing(),
  /** The checks that policies call: `is_own_member`, `service_is_unused`, `may_share_record`. */
  check: pgRole("rehome_fn_check").existing(),
  /** What @rehome/tenancy answers about organizations: `tenancy.has_feature`, `tenancy.my_organizations`, its triggers. */
  organizations: pgRole("rehome_fn_organizations").existing(),
  /** `assign_id`; it has the two sequences and no table. */
  numbers: pgRole("rehome_fn_numbers").existing(),
  /** The view `meeting_receipts`. */
  receipts: pgRole("rehome_fn_receipts").existing(),
};
