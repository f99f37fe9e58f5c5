import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const SCRIPT = `
import { ClerkStage } from ${JSON.stringify(join(import.meta.dirname, "../legacy/stage.ts"))};
import { verdictOf } from ${JSON.stringify(join(import.meta.dirname, "dispositions.ts"))};
import { DecisionStore } from ${JSON.stringify(join(import.meta.dirname, "store.ts"))};
import { Secret } from ${JSON.stringify(join(import.meta.dirname, "../secret.ts"))};
const people = Number(process.argv[1]);
async function* exported() {
  for (let at = 0; at < people; at++) {
    const id = "user_2" + String(at).padStart(26, "0");
    yield { id, line: at + 2, firstName: "Ana " + at, lastName: "Reis", username: null, primaryAddress: id + "@example.org", primaryPhone: null,
      verifiedAddresses: [], unverifiedAddresses: [], verifiedPhones: [], unverifiedPhones: [], totp: null,
      digest: new Secret("$2b$10$" + "a".repeat(53)), hasher: "bcrypt" };
  }
}
const stage = new ClerkStage(verdictOf);
await stage.fill(() => stage.addExport("clerk.csv", new Date(), exported()));
const store = new DecisionStore();
let moved = 0;
store.claimAll(stage.users());
store.decideAll(stage.users(), { roles: ["user"] }, (_, decision) => { if (decision.reason === "password") moved += 1; });
for (const decision of store) if (decision.findings.length > 0) throw new Error("a finding");
console.log(JSON.stringify({ moved, rss: process.resourceUsage().maxRSS / 1024 }));
`;

function plan(people: number): { moved: number; rss: number } {
  const node = [...["--max-semi-space-size=2", "--input-type=module-typescript", "--eval", SCRIPT], String(people)];
  return JSON.parse(execFileSync(process.execPath, node, { encoding: "utf8" })) as { moved: number; rss: number };
}

test("ten times the people take less than a third more memory", { timeout: 300_000 }, () => {
  const [few, many] = [plan(5000), plan(50_000)];
  expect([few.moved, many.moved]).toEqual([5000, 50_000]);
  expect(many.rss / few.rss).toBeLessThan(1.3);
});
