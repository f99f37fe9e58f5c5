// What Drizzle is given as one schema: by drizzle-kit, by the app's client and by the package's door.
export * from "./catalog.ts";
export * from "./enums.ts";
export * from "./meetings.ts";
export * from "./organizations.ts";
export * from "./packs.ts";
export * from "./payments.ts";
export * from "./platform.ts";
export * from "./records.ts";
export * from "./reservations.ts";
export * from "./schedules.ts";
export * from "./users.ts";
