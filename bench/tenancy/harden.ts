import { installGuard } from "@rehome/tenancy";
import { type Goal, ratioGoal } from "../lib/goal.ts";
import { emptyRounds, type Rounds, runRound, type Side } from "../lib/paired.ts";
import type { Progress } from "../lib/progress.ts";
import type { BenchDatabase } from "./database.ts";
import { BENCH_LOGIN, ROLES } from "./policies.ts";
import type { ProductSize } from "./product.ts";
import { type Effort, enter, organizationNumber } from "./statements.ts";

const SIDES = ["range", "again"] as const;
type Measured = Rounds<(typeof SIDES)[number]>;

/** A day of one's own calendar: the caller's range, on an index of organization and time. */
const RANGE = "select id, title from meetings where starts_at >= $1 and starts_at < $2 order by starts_at";

/**
 * What `installGuard({ harden: true })` costs: the caller's range is an index condition before, and a filter over the organization's rows after. The
 * database is hardened between the two halves, so they do not take turns. Comes last: it stays so.
 */
export async function measureHardening(database: BenchDatabase, size: ProductSize, effort: Effort, progress?: Progress): Promise<Goal[]> {
  const asked = [
    { id: "range", clinic: false },
    { id: "range-clinic", clinic: true },
  ];
  const half = async () => {
    const found: Measured[] = [];
    for (const one of asked) found.push(await rounds(database, size, effort, one.clinic));
    return found;
  };
  const before = await half();
  progress?.("hardening", 1, 2);
  await installGuard(database.owner, { harden: true });
  const after = await half();
  progress?.("hardening", 2, 2);
  return asked.map(({ id }, at) =>
    ratioGoal({
      id: `harden/${id}`,
      claim: "a caller's range, ordering comparisons behind the policies / before them",
      ours: ["hardened", after[at]?.range ?? []],
      theirs: ["before", before[at]?.range ?? []],
      again: after[at]?.again ?? [],
    }),
  );
}

async function rounds(database: BenchDatabase, size: ProductSize, effort: Effort, clinic: boolean): Promise<Measured> {
  const measured = emptyRounds(SIDES);
  for (let round = 0; round < effort.rounds; round++) {
    const clients = await Promise.all(SIDES.map(() => database.connect(BENCH_LOGIN)));
    const organization = organizationNumber(size, { clinic });
    const sides = {} as Record<(typeof SIDES)[number], Side>;
    for (const [place, side] of SIDES.entries()) {
      const client = clients[place];
      if (!client) throw new Error("There is no connection.");
      await enter(database, client, ROLES.guarded, organization);
      sides[side] = (i) => client.query(RANGE, [dayOf(i), dayOf(i + 1)]);
    }
    await runRound(sides, measured, effort);
    for (const client of clients) await client.query("rollback");
    await Promise.all(clients.map((client) => client.end()));
  }
  return measured;
}

/** Meetings are a minute apart from 2026 on. */
const dayOf = (i: number) => new Date(Date.UTC(2026, 0, 1 + (i % 3)));
