import { expect, test } from "vitest";
import { renderReport } from "./html.ts";
import type { ReportFigures } from "./read.ts";

const report: ReportFigures = {
  name: "Eleva <Care>",
  state: "copied",
  side: "legacy",
  writtenAt: "2026-11-24 10:00:00",
  dispositions: [
    { disposition: "move", reason: "password", n: 30 },
    { disposition: "hold", reason: "unknown_role", n: 10 },
  ],
  losses: [{ loss: "backup_codes", n: 2 }],
  practices: { people: 7, kept: 1 },
  people: [{ id: "user_<9>", disposition: "hold", reason: "unknown_role", losses: ["backup_codes", "clerk_organization"] }],
  tables: [
    { table: "events", rows: 400, stays: 100 },
    { table: "meetings", rows: 200, stays: 0 },
  ],
  leftBehind: [{ table: "events", reason: "owner_held", n: 100 }],
  proofs: [
    { name: "users", ok: true, checked: 40, expected: 40, figure: "all there", offenders: [], seconds: 1.5 },
    { name: "rows", ok: false, checked: 599, expected: 600, figure: "one is missing", offenders: ["meetings <7>"], seconds: 0.25 },
  ],
  events: [{ at: "2026-11-24 09:59:00", verb: "copy", what: "600 rows", seconds: 2 }],
  monthlyCost: { before: 100, after: 129, currency: "USD" },
};

test("one page that asks nothing of anywhere, with every figure in it", () => {
  const html = renderReport(report);
  expect(html).not.toMatch(/<script|<link|https?:|url\(|@import| src=/);
  for (const shown of [
    "40 of 40",
    "599 of 600",
    "1.50 s",
    "one is missing",
    "move 30",
    "hold 10",
    "unknown role",
    "400, 100 stay",
    "600 rows",
    "7 have a practice beside the home, 1 of them without a role that asks for one",
    "1 of 2",
    "backup codes, clerk organization",
  ])
    expect(html).toContain(shown);
});

test("bars are as long as their figures say", () => {
  const svg = /<svg viewBox="0 0 800 56".*?<\/svg>/s.exec(renderReport(report))?.[0] ?? "";
  expect([...svg.matchAll(/width="([\d.]+)" height="26"/g)].map((found) => Number(found[1]))).toEqual([600, 0, 200, 0]);
});

test("what is named in it cannot become markup", () => {
  const html = renderReport(report);
  expect(html).toContain("Eleva &lt;Care&gt;");
  expect(html).toContain("meetings &lt;7&gt;");
  expect(html).toContain("user_&lt;9&gt;");
  expect(html).not.toContain("<Care>");
});

test("nothing yet is said as nothing, not as an empty chart", () => {
  const html = renderReport({ ...report, dispositions: [], losses: [], people: [], tables: [], leftBehind: [], proofs: [], events: [] });
  expect(html).toContain("Nothing is copied yet.");
  expect(html).toContain("No row stays behind.");
  expect(html).toContain("0 of 0");
});
