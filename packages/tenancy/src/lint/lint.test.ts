import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SOURCE_RULES } from "./families/source.ts";
import { lint } from "./lint.ts";
import { RULES } from "./rules.ts";
import { type CleanDatabase, cleanDatabase } from "./testing/clean-database.ts";
import { FAULTS } from "./testing/faults/all.ts";
import type { Fault } from "./testing/faults/fault.ts";

let clean: CleanDatabase;

beforeAll(async () => {
  clean = await cleanDatabase();
  await clean.client.query("begin");
});

afterAll(async () => {
  await clean.client.query("rollback");
  await clean.drop();
});

test("a clean schema has no finding at all", async () => {
  expect(await lint(clean.linting, clean.options)).toEqual([]);
});

describe("each planted fault is found, where it is, and nothing else", () => {
  test.each(FAULTS.map((fault) => [fault.name, fault] as const))("%s", async (_, fault) => {
    await withFault(fault, async () => {
      const found = await lint(clean.linting, clean.options);

      expect(found.map(({ rule, object }) => `${rule}: ${object}`).sort()).toEqual(
        fault.finds.map(([rule, object]) => clean.named(`${rule}: ${object}`)).sort(),
      );
      await expectMended(found.filter(({ rule }) => rule === fault.finds[0]?.[0]).map(({ mend }) => mend));
    });
  });
});

test("every rule has a fault that shows it", () => {
  const shown = new Set(FAULTS.flatMap(({ finds }) => finds.map(([rule]) => rule)));
  // These are about the options and about source code; see options.test.ts and lint-source.test.ts.
  const others = ["nothing-to-check", "accepted-and-gone", ...SOURCE_RULES.map(({ id }) => id)];
  expect(RULES.map(({ id }) => id).filter((id) => !shown.has(id) && !others.includes(id))).toEqual([]);
  expect(FAULTS.length).toBeGreaterThanOrEqual(40);
});

async function withFault({ sql }: Fault, look: () => Promise<void>): Promise<void> {
  await clean.client.query("savepoint fault");
  try {
    await clean.client.query(clean.named(sql));
    await look();
  } finally {
    await clean.client.query("rollback to savepoint fault");
  }
}

/** The SQL of a finding, where a person need not fill in anything, takes the finding away. */
async function expectMended(mends: readonly string[]): Promise<void> {
  const whole = mends.filter((mend) => !/[<…]|^--|concurrently/.test(mend));
  if (whole.length === 0) return;
  for (const mend of whole) await clean.client.query(mend);
  const left = await lint(clean.linting, clean.options);
  expect(left.filter(({ mend }) => whole.includes(mend))).toEqual([]);
}
