import { defineConfig } from "drizzle-kit";

// Run in apps/eleva: drizzle-kit generate --config drizzle/drizzle.config.ts --name what_changes
export default defineConfig({
  dialect: "postgresql",
  schema: "./src/schema/tables.ts",
  out: "./drizzle",
});
