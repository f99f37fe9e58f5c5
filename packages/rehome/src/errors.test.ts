import { expect, test } from "vitest";
import { fromConfigFunction, MoveError } from "./errors.ts";

const thrown = (error: unknown) => fromConfigFunction("target.applySchema", () => Promise.reject(error)).catch((caught) => caught);

test("what a function of the config throws may quote a row: only its kind and code are told", async () => {
  const error = await thrown(Object.assign(new TypeError("Failing row contains (ana@x.test)"), { code: "23502" }));

  expect(error).toMatchObject({ code: "CONFIG_FUNCTION_FAILED", message: "target.applySchema of rehome.config.ts threw TypeError 23502." });
  expect(`${error.message} ${error.next}`).not.toContain("ana@x.test");
  expect(await thrown("ana@x.test")).toMatchObject({ message: "target.applySchema of rehome.config.ts threw something." });
});

test("an error that was written for an operator is passed on", async () => {
  const own = Object.assign(new Error("The schema would not protect its rows."), { next: "Mend the schema." });
  expect(await thrown(own)).toMatchObject({
    message: "target.applySchema failed: The schema would not protect its rows.",
    next: "Mend the schema.",
  });

  const ours = new MoveError("QUERY_FAILED", "Could not count.", { next: "Look." });
  expect(await thrown(ours)).toBe(ours);
});
