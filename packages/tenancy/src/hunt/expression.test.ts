import { describe, expect, test } from "vitest";
import { implies, withoutOnePart } from "./expression.ts";

describe("a condition without one of its parts", () => {
  test("each part of each list of ANDs and ORs is left out once, at any depth", () => {
    const condition = "((a = ( SELECT f() AS f)) AND ((b OR c)))";
    const found = withoutOnePart(condition).sort((x, y) => (x.part < y.part ? -1 : 1));
    expect(found).toEqual([
      { part: "((b OR c))", rest: "((a = ( SELECT f() AS f)))" },
      { part: "(a = ( SELECT f() AS f))", rest: "(((b OR c)))" },
      { part: "b", rest: "((a = ( SELECT f() AS f)) AND ((c)))" },
      { part: "c", rest: "((a = ( SELECT f() AS f)) AND ((b)))" },
    ]);
  });

  test("words in quotes are no words", () => {
    expect(withoutOnePart("(name = 'x AND y')")).toEqual([]);
    expect(withoutOnePart(`("a AND b" = 'it''s (') AND c`).map(({ rest }) => rest)).toEqual(["c", `("a AND b" = 'it''s (')`]);
  });

  test("a condition of one part has none to leave out", () => {
    expect(withoutOnePart("true")).toEqual([]);
  });
});

describe("one condition implies another", () => {
  test.each([
    ["(a)", "a"],
    ["a", "true"],
    ["((a) AND (b))", "a"],
    ["a", "((a) OR (b))"],
    ["((a) AND (b))", "((b) OR (c))"],
    ["((a) AND (b))", "((b) AND (a))"],
    ["((a) OR (b))", "((b) OR (c) OR (a))"],
  ])("%s: %s", (one, other) => {
    expect(implies(one, other)).toBe(true);
  });

  test.each([
    ["a", "b"],
    ["true", "a"],
    ["((a) OR (b))", "a"],
    ["a", "((a) AND (b))"],
    ["(a) AND (b)", "(c)"],
  ])("%s: not %s", (one, other) => {
    expect(implies(one, other)).toBe(false);
  });
});
