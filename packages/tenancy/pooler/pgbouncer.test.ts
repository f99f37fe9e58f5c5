import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { findPgBouncer } from "./pgbouncer.ts";

test("where PgBouncer is missing, the error says what to install", () => {
  expect(() => findPgBouncer([tmpdir()])).toThrow(/apt-get install pgbouncer/);
});
