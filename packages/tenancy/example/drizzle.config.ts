import { defineConfig } from "drizzle-kit";

// In packages/tenancy: drizzle-kit generate --config example/drizzle.config.ts --name what_changes
export default defineConfig({ dialect: "postgresql", schema: "./example/schema.ts", out: "./example/drizzle" });
