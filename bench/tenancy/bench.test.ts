import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { STATEMENTS } from "./catalog.ts";
import { readFlags } from "./flags.ts";
import { type Report, runBench } from "./run.ts";
import { organizationNumbers } from "./statements.ts";

const TIMEOUT_MS = 120_000; // some seconds on a quiet machine

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

test(
  "--quick --json prints one object with every goal, its interval and its noise",
  () => {
    const run = spawnSync(process.execPath, [MAIN, "--quick", "--json"], { encoding: "utf8" });
    expect(run.stderr).toBe("");
    const report = JSON.parse(run.stdout) as Report;
    expect(report).toMatchObject({ bench: "tenancy", quick: true, size: { organizations: expect.any(Number) } });
    const byId = new Map(report.goals.map((goal) => [goal.id, goal]));
    const plain = STATEMENTS.map(({ id }) => id);
    const scoped = STATEMENTS.filter(({ shared }) => !shared).map(({ id }) => id);
    expect([...byId.keys()].sort()).toEqual(
      [
        ...plain.flatMap((id) => ["unverified", "by-hand"].map((side) => `statement/${id}/${side}`)),
        ...scoped.map((id) => `exists-per-row/${id}`),
        ...["transaction/repeat", "transaction/first-use", "client/repeat"],
        ...["unverified", "org_id", "user_id", "role", "set_config", "ticket_session_init", "jwt_session_init"].map(
          (name) => `accessor/${name}`,
        ),
        ...["point", "list", "list-clinic"].map((name) => `confidential/${name}`),
        ...["range", "range-clinic"].map((name) => `harden/${name}`),
        ...STATEMENTS.filter(({ clinic }) => !clinic).flatMap(({ id }) => [`growth/${id}`, `growth/${id}/guard`]),
      ].sort(),
    );
    for (const goal of report.goals) {
      const [low, high] = goal.interval;
      expect(low, goal.id).toBeLessThanOrEqual(goal.figure);
      expect(high, goal.id).toBeGreaterThanOrEqual(goal.figure);
      expect(goal.holds, goal.id).toBe(goal.goal === null ? null : low <= goal.goal);
      if (goal.unit !== "buffers") expect(goal.noise?.interval, goal.id).toHaveLength(2);
    }
    expect(byId.get("statement/point/unverified")?.goal).toBe(1.1);
    expect(byId.get("confidential/point")?.goal).toBe(1.3);
    expect(byId.get("transaction/repeat")?.goal).toBe(1.25);
    expect(byId.get("transaction/first-use")).toMatchObject({ goal: 0.7, unit: "ms" });
  },
  TIMEOUT_MS,
);

test(
  "a slow policy does not pass",
  async () => {
    const slow = "(select auth.org_id() from pg_sleep(0.005))";
    const { goals } = await runBench({ quick: true, only: ["statements"], statements: ["point"], guarded: slow });
    const found = goals.find(({ id }) => id === "statement/point/unverified");
    expect(found?.interval[0]).toBeGreaterThan(1.1);
    expect(found).toMatchObject({ holds: false });
  },
  TIMEOUT_MS,
);

test("sides that write ask for an organization each: of one they would wait for each other's lock for ever", () => {
  const size = { organizations: 4, meetings: 8, clinicMeetings: 0 };
  for (let i = 0; i < 100; i++) expect(organizationNumbers(size, 4).sort()).toEqual([1, 2, 3, 4]);
});

test("a wrong flag is told", () => {
  expect(readFlags(["--only", "everything"])).toBe("There is no part everything.");
  expect(readFlags(["--fast"])).toContain("--fast");
  expect(readFlags(["--only", "growth", "--only", "client", "--json"])).toEqual({
    json: true,
    quick: false,
    help: false,
    only: ["growth", "client"],
  });
});
