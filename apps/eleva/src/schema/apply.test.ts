import { afterAll, beforeAll, expect, test } from "vitest";
import { type TargetDatabase, targetDatabase } from "../testing/target-database.ts";
import { applyTargetSchema } from "./apply.ts";

let target: TargetDatabase;
beforeAll(async () => {
  target = await targetDatabase();
});
afterAll(() => target?.drop());

test("applies all migrations on a fresh database", () => {
  expect(target.applied).toMatchObject({ applied: target.applied.known, tables: 29 });
});

test("changes nothing when it runs again", async () => {
  expect(await applyTargetSchema(target.owner)).toEqual({ ...target.applied, applied: 0 });
});
