DROP INDEX "users_org_id";--> statement-breakpoint
CREATE UNIQUE INDEX "users_org_id" ON "users" USING btree ("org_id");