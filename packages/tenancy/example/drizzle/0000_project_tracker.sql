CREATE TABLE "engagements" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"client_org_id" text NOT NULL,
	"title" text NOT NULL,
	"starts_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "engagements" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "memberships" (
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"role_slug" text NOT NULL,
	"permissions" text[] DEFAULT '{}' NOT NULL,
	"status" text NOT NULL,
	CONSTRAINT "memberships_org_id_workos_user_id_pk" PRIMARY KEY("org_id","workos_user_id")
);
--> statement-breakpoint
ALTER TABLE "memberships" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "notes" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"user_id" text NOT NULL,
	"body" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "notes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"listed" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
ALTER TABLE "organizations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "pages" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"title" text NOT NULL,
	"is_public" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
ALTER TABLE "pages" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "projects" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "projects_id_org_id" UNIQUE("id","org_id")
);
--> statement-breakpoint
ALTER TABLE "projects" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "task_shares" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"task_id" uuid NOT NULL,
	"grantee_user_id" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "task_shares" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "tasks" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"project_id" uuid NOT NULL,
	"title" text NOT NULL,
	"due" date,
	CONSTRAINT "tasks_id_org_id" UNIQUE("id","org_id")
);
--> statement-breakpoint
ALTER TABLE "tasks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "engagements" ADD CONSTRAINT "engagements_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "engagements" ADD CONSTRAINT "engagements_client_org_id_organizations_id_fk" FOREIGN KEY ("client_org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notes" ADD CONSTRAINT "notes_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pages" ADD CONSTRAINT "pages_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "projects" ADD CONSTRAINT "projects_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "task_shares" ADD CONSTRAINT "task_shares_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "task_shares" ADD CONSTRAINT "task_shares_task_id_org_id_tasks_id_org_id_fk" FOREIGN KEY ("task_id","org_id") REFERENCES "public"."tasks"("id","org_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_project_id_org_id_projects_id_org_id_fk" FOREIGN KEY ("project_id","org_id") REFERENCES "public"."projects"("id","org_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "engagements_org_id_starts_at_id" ON "engagements" USING btree ("org_id","starts_at","id");--> statement-breakpoint
CREATE INDEX "engagements_client_org_id_starts_at_id" ON "engagements" USING btree ("client_org_id","starts_at","id");--> statement-breakpoint
CREATE INDEX "memberships_user_org_status" ON "memberships" USING btree ("workos_user_id","org_id","status");--> statement-breakpoint
CREATE INDEX "memberships_active" ON "memberships" USING btree ("org_id","workos_user_id") WHERE "memberships"."status" = 'active';--> statement-breakpoint
CREATE INDEX "notes_org_id" ON "notes" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "notes_user_id" ON "notes" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "organizations_listed_name" ON "organizations" USING btree ("name") WHERE "organizations"."listed";--> statement-breakpoint
CREATE INDEX "pages_org_id" ON "pages" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "pages_published_is_public" ON "pages" USING btree ("is_public") WHERE "pages"."is_public";--> statement-breakpoint
CREATE INDEX "projects_org_id" ON "projects" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "task_shares_task_id_org_id" ON "task_shares" USING btree ("task_id","org_id");--> statement-breakpoint
CREATE INDEX "task_shares_org_id" ON "task_shares" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "task_shares_grantee_user_id" ON "task_shares" USING btree ("grantee_user_id");--> statement-breakpoint
CREATE INDEX "tasks_project_id_org_id" ON "tasks" USING btree ("project_id","org_id");--> statement-breakpoint
CREATE INDEX "tasks_org_id_due" ON "tasks" USING btree ("org_id","due");--> statement-breakpoint
CREATE POLICY "engagements_select_party" ON "engagements" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("engagements"."org_id" = (select auth.org_id()) or "engagements"."client_org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "engagements_insert_party" ON "engagements" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("engagements"."org_id" = (select auth.org_id()) and (select auth.has_permission('engagements:write')));--> statement-breakpoint
CREATE POLICY "engagements_update_party" ON "engagements" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("engagements"."org_id" = (select auth.org_id())) WITH CHECK ("engagements"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "engagements_delete_party" ON "engagements" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("engagements"."org_id" = (select auth.org_id()) and (select auth.role()) = any (array['owner', 'admin']));--> statement-breakpoint
CREATE POLICY "rehome_guard" ON "memberships" AS PERMISSIVE FOR SELECT TO "rehome_guard" USING (true);--> statement-breakpoint
CREATE POLICY "memberships_select_self" ON "memberships" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("memberships"."workos_user_id" = (select auth.user_id()));--> statement-breakpoint
CREATE POLICY "memberships_select_job_sync" ON "memberships" AS PERMISSIVE FOR SELECT TO "rehome_job_sync" USING (true);--> statement-breakpoint
CREATE POLICY "memberships_insert_job_sync" ON "memberships" AS PERMISSIVE FOR INSERT TO "rehome_job_sync" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "memberships_update_job_sync" ON "memberships" AS PERMISSIVE FOR UPDATE TO "rehome_job_sync" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "memberships_delete_job_sync" ON "memberships" AS PERMISSIVE FOR DELETE TO "rehome_job_sync" USING (true);--> statement-breakpoint
CREATE POLICY "notes_select_self" ON "notes" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("notes"."user_id" = (select auth.user_id()) and "notes"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "notes_insert_self" ON "notes" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("notes"."user_id" = (select auth.user_id()) and "notes"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "notes_update_self" ON "notes" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("notes"."user_id" = (select auth.user_id()) and "notes"."org_id" = (select auth.org_id())) WITH CHECK ("notes"."user_id" = (select auth.user_id()) and "notes"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "notes_delete_self" ON "notes" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("notes"."user_id" = (select auth.user_id()) and "notes"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "organizations_select_own_org" ON "organizations" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("organizations"."id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "organizations_update_own_org" ON "organizations" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("organizations"."id" = (select auth.org_id()) and (select auth.role()) = any (array['owner'])) WITH CHECK ("organizations"."id" = (select auth.org_id()) and (select auth.role()) = any (array['owner']));--> statement-breakpoint
CREATE POLICY "organizations_select_listed" ON "organizations" AS PERMISSIVE FOR SELECT TO "anonymous", "authenticated" USING ("organizations"."listed");--> statement-breakpoint
CREATE POLICY "organizations_select_job_sync" ON "organizations" AS PERMISSIVE FOR SELECT TO "rehome_job_sync" USING (true);--> statement-breakpoint
CREATE POLICY "organizations_insert_job_sync" ON "organizations" AS PERMISSIVE FOR INSERT TO "rehome_job_sync" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "organizations_update_job_sync" ON "organizations" AS PERMISSIVE FOR UPDATE TO "rehome_job_sync" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "organizations_delete_job_sync" ON "organizations" AS PERMISSIVE FOR DELETE TO "rehome_job_sync" USING (true);--> statement-breakpoint
CREATE POLICY "pages_select_own_org" ON "pages" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("pages"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "pages_insert_own_org" ON "pages" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("pages"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "pages_update_own_org" ON "pages" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("pages"."org_id" = (select auth.org_id())) WITH CHECK ("pages"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "pages_delete_own_org" ON "pages" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("pages"."org_id" = (select auth.org_id()) and (select auth.role()) = any (array['owner', 'admin']));--> statement-breakpoint
CREATE POLICY "pages_select_published" ON "pages" AS PERMISSIVE FOR SELECT TO "anonymous", "authenticated" USING ("pages"."is_public");--> statement-breakpoint
CREATE POLICY "projects_select_own_org" ON "projects" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("projects"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "projects_insert_own_org" ON "projects" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("projects"."org_id" = (select auth.org_id()) and (select auth.has_permission('projects:write')));--> statement-breakpoint
CREATE POLICY "projects_update_own_org" ON "projects" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("projects"."org_id" = (select auth.org_id()) and (select auth.has_permission('projects:write'))) WITH CHECK ("projects"."org_id" = (select auth.org_id()) and (select auth.has_permission('projects:write')));--> statement-breakpoint
CREATE POLICY "projects_delete_own_org" ON "projects" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("projects"."org_id" = (select auth.org_id()) and (select auth.role()) = any (array['owner', 'admin']));--> statement-breakpoint
CREATE POLICY "task_shares_select_own_org" ON "task_shares" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("task_shares"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "task_shares_insert_own_org" ON "task_shares" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("task_shares"."org_id" = (select auth.org_id()) and (select auth.role()) = any (array['owner', 'admin']));--> statement-breakpoint
CREATE POLICY "task_shares_update_own_org" ON "task_shares" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("task_shares"."org_id" = (select auth.org_id()) and (select auth.role()) = any (array['owner', 'admin'])) WITH CHECK ("task_shares"."org_id" = (select auth.org_id()) and (select auth.role()) = any (array['owner', 'admin']));--> statement-breakpoint
CREATE POLICY "task_shares_delete_own_org" ON "task_shares" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("task_shares"."org_id" = (select auth.org_id()) and (select auth.role()) = any (array['owner', 'admin']));--> statement-breakpoint
CREATE POLICY "task_shares_select_grantee" ON "task_shares" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("task_shares"."grantee_user_id" = (select auth.user_id()));--> statement-breakpoint
CREATE POLICY "tasks_select_own_org" ON "tasks" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("tasks"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "tasks_insert_own_org" ON "tasks" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("tasks"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "tasks_update_own_org" ON "tasks" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("tasks"."org_id" = (select auth.org_id())) WITH CHECK ("tasks"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "tasks_delete_own_org" ON "tasks" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("tasks"."org_id" = (select auth.org_id()) and (select auth.role()) = any (array['owner', 'admin']));--> statement-breakpoint
CREATE POLICY "tasks_select_share" ON "tasks" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("tasks"."id" = any (array(select s.task_id from public.task_shares s where s.grantee_user_id = (select auth.user_id()) and s.expires_at > clock_timestamp())));--> statement-breakpoint
CREATE POLICY "tasks_select_job_digest" ON "tasks" AS PERMISSIVE FOR SELECT TO "rehome_job_digest" USING (true);--> statement-breakpoint
ALTER TABLE "engagements" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "memberships" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "notes" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "organizations" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "pages" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "projects" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "task_shares" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "tasks" FORCE ROW LEVEL SECURITY;
