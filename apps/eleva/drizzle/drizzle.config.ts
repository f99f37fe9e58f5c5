import { defineConfig } from "drizzle-kit";

const files = [
  "enums",
  "organizations",
  "users",
  "catalog",
  "schedules",
  "meetings",
  "records",
  "payments",
  "packs",
  "reservations",
  "platform",
];

// Run in apps/eleva: drizzle-kit generate --config drizzle/drizzle.config.ts --name what_changes
export default defineConfig({ dialect: "postgresql", schema: files.map((name) => `./src/schema/${name}.ts`), out: "./drizzle" });
