-- Two meetings of one expert never overlap, however many requests book at once. Imported rows that overlap are kept (ELEVA section 7, 4).
-- Needs btree_gist, which applyTargetSchema installs. Drizzle has no word for exclusion constraints, so this file is by hand.
ALTER TABLE "meetings" ADD CONSTRAINT "meetings_do_not_overlap" EXCLUDE USING gist ("expert_user_id" WITH =, tstzrange("starts_at", "ends_at") WITH &&) WHERE (NOT "imported");
