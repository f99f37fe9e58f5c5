import { describe, expect, test } from "vitest";
import type { Finding } from "../finding.ts";
import { RULES } from "../rules.ts";
import { asJson } from "./json.ts";
import { asSarif } from "./sarif.ts";
import { asTable } from "./table.ts";

const FORCE: Finding = {
  rule: "row-security-not-forced",
  level: "error",
  object: "public.note",
  what: "row security does not bind its owner app_owner",
  why: "The owner is past every policy.",
  mend: "alter table public.note force row level security",
};
const POLICY: Finding = {
  rule: "policy-for-all",
  level: "info",
  object: "public.note policy mine",
  what: "one expression decides",
  why: "Write one policy a verb.",
  mend: "drop policy mine on public.note; -- then one each",
};

describe("the table", () => {
  test("lines up, says why once a rule, and gives SQL that can be pasted", () => {
    const second = { ...FORCE, object: "public.a", mend: "alter table public.a force row level security" };
    expect(
      asTable([FORCE, second, POLICY]),
    ).toBe(`error  row-security-not-forced  public.note              row security does not bind its owner app_owner
error  row-security-not-forced  public.a                 row security does not bind its owner app_owner
info   policy-for-all           public.note policy mine  one expression decides

row-security-not-forced
  The owner is past every policy.
    alter table public.note force row level security;
    alter table public.a force row level security;

policy-for-all
  Write one policy a verb.
    drop policy mine on public.note; -- then one each

Found: 2 errors, 1 note.`);
  });

  test("is coloured only when asked, and says that nothing was found", () => {
    expect(asTable([FORCE], true)).toContain("\u001b[31merror\u001b[0m");
    expect(asTable([FORCE])).not.toContain("\u001b");
    expect(asTable([])).toBe("Clean: no findings.");
  });
});

test("the JSON is one document with counts", () => {
  expect(JSON.parse(asJson([FORCE, POLICY]))).toEqual({ ok: false, counts: { error: 1, warn: 0, info: 1 }, findings: [FORCE, POLICY] });
  expect(JSON.parse(asJson([POLICY]))).toMatchObject({ ok: true });
});

test("the SARIF has the shape of 2.1.0: every rule, and each result with level, message, place and fingerprint", () => {
  const log = JSON.parse(asSarif([FORCE, POLICY], "tenancy.config.ts"));

  expect(log).toMatchObject({ version: "2.1.0", $schema: expect.stringContaining("sarif-2.1.0") });
  expect(log.runs).toHaveLength(1);
  const [{ tool, results }] = log.runs;
  expect(tool.driver).toMatchObject({ name: "tenancy lint", version: expect.any(String) });
  expect(tool.driver.rules.map((rule: { id: string }) => rule.id)).toEqual(RULES.map(({ id }) => id));
  for (const rule of tool.driver.rules) {
    expect(rule).toMatchObject({
      shortDescription: { text: expect.stringMatching(/./) },
      help: { text: expect.stringMatching(/./) },
      defaultConfiguration: { level: expect.stringMatching(/^(error|warning|note)$/) },
    });
  }
  expect(results).toHaveLength(2);
  expect(results[0]).toMatchObject({
    ruleId: "row-security-not-forced",
    ruleIndex: RULES.findIndex(({ id }) => id === "row-security-not-forced"),
    level: "error",
    message: { text: expect.stringContaining("alter table public.note force row level security") },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: "tenancy.config.ts" }, region: { startLine: 1 } },
        logicalLocations: [{ fullyQualifiedName: "public.note" }],
      },
    ],
    partialFingerprints: { "ruleAndObject/v1": "row-security-not-forced:public.note" },
  });
  expect(results[1].level).toBe("note");
});
