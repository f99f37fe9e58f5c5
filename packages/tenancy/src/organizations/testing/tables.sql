CREATE TABLE "invitations" (
	"id" text PRIMARY KEY NOT NULL,
	"org_id" text NOT NULL,
	"email" text NOT NULL,
	"role_slug" text,
	"status" text NOT NULL,
	"inviter_user_id" text,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE "invitations" ENABLE ROW LEVEL SECURITY;

CREATE TABLE "memberships" (
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"id" text NOT NULL,
	"role_slug" text NOT NULL,
	"permissions" text[] DEFAULT '{}' NOT NULL,
	"status" text NOT NULL,
	CONSTRAINT "memberships_org_id_workos_user_id_pk" PRIMARY KEY("org_id","workos_user_id"),
	CONSTRAINT "memberships_id_unique" UNIQUE("id")
);

ALTER TABLE "memberships" ENABLE ROW LEVEL SECURITY;

CREATE TABLE "organizations" (
	"id" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"tier" text NOT NULL,
	"name" text,
	"slug" text,
	"claimed" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "organizations_slug_unique" UNIQUE("slug")
);

ALTER TABLE "organizations" ENABLE ROW LEVEL SECURITY;

CREATE TABLE "users" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"email" text NOT NULL,
	"email_verified" boolean DEFAULT false NOT NULL,
	"first_name" text,
	"last_name" text,
	"image_url" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_workos_user_id_unique" UNIQUE("workos_user_id")
);

ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "invitations" ADD CONSTRAINT "invitations_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;

ALTER TABLE "memberships" ADD CONSTRAINT "memberships_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;

ALTER TABLE "users" ADD CONSTRAINT "users_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;

CREATE INDEX "invitations_org_id" ON "invitations" USING btree ("org_id");

CREATE INDEX "memberships_workos_user_id" ON "memberships" USING btree ("workos_user_id");

CREATE UNIQUE INDEX "memberships_one_owner" ON "memberships" USING btree ("org_id") WHERE role_slug = 'owner' and status = 'active';

CREATE INDEX "users_org_id" ON "users" USING btree ("org_id");

CREATE POLICY "invitations_select_own_org" ON "invitations" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("invitations"."org_id" = (select auth.org_id()));

CREATE POLICY "invitations_select_job_sync" ON "invitations" AS PERMISSIVE FOR SELECT TO "rehome_job_sync" USING (true);

CREATE POLICY "invitations_insert_job_sync" ON "invitations" AS PERMISSIVE FOR INSERT TO "rehome_job_sync" WITH CHECK (true);

CREATE POLICY "invitations_update_job_sync" ON "invitations" AS PERMISSIVE FOR UPDATE TO "rehome_job_sync" USING (true) WITH CHECK (true);

CREATE POLICY "invitations_select_job_deletion" ON "invitations" AS PERMISSIVE FOR SELECT TO "rehome_job_deletion" USING ("invitations"."org_id" = any (array(select d.org_id from tenancy.deletion d where d.state <> 'done')));

CREATE POLICY "invitations_delete_job_deletion" ON "invitations" AS PERMISSIVE FOR DELETE TO "rehome_job_deletion" USING ("invitations"."org_id" = any (array(select d.org_id from tenancy.deletion d where d.state <> 'done')));

CREATE POLICY "memberships_select_self" ON "memberships" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("memberships"."workos_user_id" = (select auth.user_id()));

CREATE POLICY "rehome_guard" ON "memberships" AS PERMISSIVE FOR SELECT TO "rehome_guard" USING (true);

CREATE POLICY "memberships_select_job_sync" ON "memberships" AS PERMISSIVE FOR SELECT TO "rehome_job_sync" USING (true);

CREATE POLICY "memberships_insert_job_sync" ON "memberships" AS PERMISSIVE FOR INSERT TO "rehome_job_sync" WITH CHECK (true);

CREATE POLICY "memberships_update_job_sync" ON "memberships" AS PERMISSIVE FOR UPDATE TO "rehome_job_sync" USING (true) WITH CHECK (true);

CREATE POLICY "memberships_delete_job_sync" ON "memberships" AS PERMISSIVE FOR DELETE TO "rehome_job_sync" USING (true);

CREATE POLICY "memberships_select_fn_organizations" ON "memberships" AS PERMISSIVE FOR SELECT TO "rehome_fn_organizations" USING (true);

CREATE POLICY "memberships_select_job_deletion" ON "memberships" AS PERMISSIVE FOR SELECT TO "rehome_job_deletion" USING ("memberships"."org_id" = any (array(select d.org_id from tenancy.deletion d where d.state <> 'done')));

CREATE POLICY "memberships_delete_job_deletion" ON "memberships" AS PERMISSIVE FOR DELETE TO "rehome_job_deletion" USING ("memberships"."org_id" = any (array(select d.org_id from tenancy.deletion d where d.state <> 'done')));

CREATE POLICY "organizations_select_member" ON "organizations" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("organizations"."id" = (select auth.org_id()));

CREATE POLICY "organizations_select_job_sync" ON "organizations" AS PERMISSIVE FOR SELECT TO "rehome_job_sync" USING (true);

CREATE POLICY "organizations_insert_job_sync" ON "organizations" AS PERMISSIVE FOR INSERT TO "rehome_job_sync" WITH CHECK (true);

CREATE POLICY "organizations_update_job_sync" ON "organizations" AS PERMISSIVE FOR UPDATE TO "rehome_job_sync" USING (true) WITH CHECK (true);

CREATE POLICY "organizations_select_fn_organizations" ON "organizations" AS PERMISSIVE FOR SELECT TO "rehome_fn_organizations" USING (true);

CREATE POLICY "organizations_update_fn_organizations" ON "organizations" AS PERMISSIVE FOR UPDATE TO "rehome_fn_organizations" USING (true) WITH CHECK (false);

CREATE POLICY "organizations_select_job_claim" ON "organizations" AS PERMISSIVE FOR SELECT TO "rehome_job_claim" USING (true);

CREATE POLICY "organizations_update_job_claim" ON "organizations" AS PERMISSIVE FOR UPDATE TO "rehome_job_claim" USING (not claimed) WITH CHECK (not claimed);

CREATE POLICY "organizations_delete_job_claim" ON "organizations" AS PERMISSIVE FOR DELETE TO "rehome_job_claim" USING (not claimed and starts_with(id, 'guest_'));

CREATE POLICY "organizations_select_job_deletion" ON "organizations" AS PERMISSIVE FOR SELECT TO "rehome_job_deletion" USING ("organizations"."id" = any (array(select d.org_id from tenancy.deletion d where d.state <> 'done')));

CREATE POLICY "organizations_delete_job_deletion" ON "organizations" AS PERMISSIVE FOR DELETE TO "rehome_job_deletion" USING ("organizations"."id" = any (array(select d.org_id from tenancy.deletion d where d.state <> 'done')));

CREATE POLICY "users_select_self" ON "users" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("users"."workos_user_id" = (select auth.user_id()));

CREATE POLICY "users_update_self" ON "users" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("users"."workos_user_id" = (select auth.user_id())) WITH CHECK ("users"."workos_user_id" = (select auth.user_id()));

CREATE POLICY "users_select_job_sync" ON "users" AS PERMISSIVE FOR SELECT TO "rehome_job_sync" USING (true);

CREATE POLICY "users_insert_job_sync" ON "users" AS PERMISSIVE FOR INSERT TO "rehome_job_sync" WITH CHECK (true);

CREATE POLICY "users_update_job_sync" ON "users" AS PERMISSIVE FOR UPDATE TO "rehome_job_sync" USING (true) WITH CHECK (true);

CREATE POLICY "users_select_job_claim" ON "users" AS PERMISSIVE FOR SELECT TO "rehome_job_claim" USING (true);

CREATE POLICY "users_select_job_deletion" ON "users" AS PERMISSIVE FOR SELECT TO "rehome_job_deletion" USING ("users"."org_id" = any (array(select d.org_id from tenancy.deletion d where d.state <> 'done')));

CREATE POLICY "users_delete_job_deletion" ON "users" AS PERMISSIVE FOR DELETE TO "rehome_job_deletion" USING ("users"."org_id" = any (array(select d.org_id from tenancy.deletion d where d.state <> 'done')));
