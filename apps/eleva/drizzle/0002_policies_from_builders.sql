ALTER TABLE "guests" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "memberships" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "organizations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "billing_accounts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "expert_setup" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "identity_verifications" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "payout_accounts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "platform_roles" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "user_emails" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "categories" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "profile_standing" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "profiles" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "service_stripe" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "services" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "blocked_dates" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "schedule_availabilities" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "schedules" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "scheduling_settings" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "meeting_payments" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "meetings" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "record_shares" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "records" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "payment_transfers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "pack_purchases" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "session_pack_stripe" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "session_packs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "slot_reservations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "stripe_processed_events" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP INDEX "memberships_workos_user_id";--> statement-breakpoint
CREATE INDEX "memberships_user_org_status" ON "memberships" USING btree ("workos_user_id","org_id","status");--> statement-breakpoint
CREATE INDEX "memberships_active" ON "memberships" USING btree ("org_id","workos_user_id") WHERE "memberships"."status" = 'active';--> statement-breakpoint
ALTER POLICY "profiles_insert_own_org" ON "profiles" TO authenticated WITH CHECK ("profiles"."org_id" = (select auth.org_id()) and (public.is_own_member("profiles"."workos_user_id")));--> statement-breakpoint
ALTER POLICY "services_insert_own_org" ON "services" TO authenticated WITH CHECK ("services"."org_id" = (select auth.org_id()) and (public.is_own_member("services"."workos_user_id")));--> statement-breakpoint
ALTER POLICY "services_delete_own_org" ON "services" TO authenticated USING ("services"."org_id" = (select auth.org_id()) and (public.service_is_unused("services"."id")));--> statement-breakpoint
ALTER POLICY "services_select_published" ON "services" TO anonymous,authenticated USING ("services"."is_active" and (exists (select from public.profiles p where p.workos_user_id = "services"."workos_user_id" and p.published)));--> statement-breakpoint
ALTER POLICY "blocked_dates_insert_own_org" ON "blocked_dates" TO authenticated WITH CHECK ("blocked_dates"."org_id" = (select auth.org_id()) and (public.is_own_member("blocked_dates"."workos_user_id")));--> statement-breakpoint
ALTER POLICY "schedule_availabilities_insert_own_org" ON "schedule_availabilities" TO authenticated WITH CHECK ("schedule_availabilities"."org_id" = (select auth.org_id()) and (exists (select from public.schedules s where s.id = "schedule_availabilities"."schedule_id" and s.org_id = "schedule_availabilities"."org_id")));--> statement-breakpoint
ALTER POLICY "schedule_availabilities_update_own_org" ON "schedule_availabilities" TO authenticated USING ("schedule_availabilities"."org_id" = (select auth.org_id())) WITH CHECK ("schedule_availabilities"."org_id" = (select auth.org_id()) and (exists (select from public.schedules s where s.id = "schedule_availabilities"."schedule_id" and s.org_id = "schedule_availabilities"."org_id")));--> statement-breakpoint
ALTER POLICY "schedules_insert_own_org" ON "schedules" TO authenticated WITH CHECK ("schedules"."org_id" = (select auth.org_id()) and (public.is_own_member("schedules"."workos_user_id")));--> statement-breakpoint
ALTER POLICY "scheduling_settings_insert_own_org" ON "scheduling_settings" TO authenticated WITH CHECK ("scheduling_settings"."org_id" = (select auth.org_id()) and (public.is_own_member("scheduling_settings"."workos_user_id")));--> statement-breakpoint
ALTER POLICY "record_shares_insert_patient_org" ON "record_shares" TO authenticated WITH CHECK ("record_shares"."org_id" = (select auth.org_id()) and (public.may_share_record("record_shares"."record_id")));--> statement-breakpoint
ALTER POLICY "records_insert_writing_expert" ON "records" TO authenticated WITH CHECK ("records"."expert_user_id" = (select auth.user_id()) and "records"."org_id" = (select auth.org_id()) and (exists (select from public.meetings m where m.id = "records"."meeting_id" and m.org_id = "records"."org_id" and m.patient_org_id = "records"."patient_org_id" and m.expert_user_id = "records"."expert_user_id")));--> statement-breakpoint
ALTER POLICY "session_packs_insert_own_org" ON "session_packs" TO authenticated WITH CHECK ("session_packs"."org_id" = (select auth.org_id()) and (public.is_own_member("session_packs"."workos_user_id") and exists (select from public.services s where s.id = "session_packs"."service_id" and s.org_id = "session_packs"."org_id")));--> statement-breakpoint
ALTER POLICY "session_packs_select_published" ON "session_packs" TO anonymous,authenticated USING ("session_packs"."is_active" and (exists (select from public.profiles p where p.workos_user_id = "session_packs"."workos_user_id" and p.published)));