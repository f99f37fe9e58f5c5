import { expect, test } from "vitest";
import { assertAllowed, type MoveState, refusalOf, type WritingVerb } from "./phases.ts";

// By hand, from the words of the design: which verb may run where.
const ALLOWED: Record<MoveState, WritingVerb[]> = {
  preparing: ["schema", "users", "copy"],
  copied: ["schema", "users", "copy", "verify", "cutover"],
  cutting_over: ["cutover", "rollback"],
  switched: ["cutover", "rollback"],
  rolling_back: ["rollback"],
  rolled_back: ["schema", "users", "copy", "verify"],
};
const VERBS: WritingVerb[] = ["schema", "users", "copy", "verify", "cutover", "rollback"];

test.each(Object.entries(ALLOWED))("in state %s exactly the verbs that make sense may run", (state, allowed) => {
  expect(VERBS.filter((verb) => refusalOf(verb, state as MoveState) === undefined)).toEqual(allowed);
});

test("a refusal says why and what to do next", () => {
  expect(() => assertAllowed("copy", "switched")).toThrow(
    expect.objectContaining({
      code: "PHASE_REFUSED",
      message: expect.stringContaining("would overwrite"),
      next: expect.stringContaining("rehome rollback"),
    }),
  );
});
