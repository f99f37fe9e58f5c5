import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeEach, expect, test } from "vitest";
import { type RefusalAlarm, type RefusalAlarmOptions, refusalAlarm, SUSPICIOUS } from "./refusal-alarm.ts";
import { REFUSAL_KINDS, type RefusalKind } from "./refusals.ts";

let time: number;
let alarms: RefusalAlarm["counts"][];
beforeEach(() => {
  time = 1_000_000;
  alarms = [];
});

function alarm(options: Partial<RefusalAlarmOptions> = {}) {
  const take = refusalAlarm({ onAlarm: ({ counts }) => alarms.push(counts), ...options }, () => time);
  return (kind: RefusalKind, times = 1) => {
    const counters = { counts: {} as Record<RefusalKind, number>, lastAt: {} };
    for (let i = 0; i < times; i++) take({ kind, code: "bad_token", sqlstate: "RJ006", at: new Date(0), counters });
  };
}

test("twenty a minute are silence, the next is an alarm, once", () => {
  const refuse = alarm();
  refuse("signature", 20);
  expect(alarms).toEqual([]);
  refuse("malformed");
  expect(alarms).toEqual([{ signature: 20, malformed: 1 }]);
  refuse("signature", 1000);
  expect(alarms).toHaveLength(1);
});

test("what honest clients cause is no alarm, however much; every other kind is", () => {
  const refuse = alarm({ moreThan: 0 });
  const honest = REFUSAL_KINDS.filter((kind) => !SUSPICIOUS.includes(kind));
  expect(honest).toEqual(["expired", "revoked", "not_moved", "sign_in_pending"]);
  for (const kind of honest) refuse(kind, 100);
  expect(alarms).toEqual([]);
  for (const kind of SUSPICIOUS) {
    time += 60_001;
    refuse(kind);
  }
  // The counts are the window's own, so each is there alone.
  expect(alarms).toEqual(SUSPICIOUS.map((kind) => ({ [kind]: 1 })));
});

test("the window slides: as many over a longer time are none, and a burst across any boundary is found", () => {
  const refuse = alarm({ moreThan: 3, withinMs: 6000 });
  for (let i = 0; i < 50; i++) {
    refuse("signature");
    time += 2001;
  }
  expect(alarms).toEqual([]);
  time = 2_000_000 - 100; // the middle of this burst is a multiple of the window and of its slots
  for (let i = 0; i < 4; i++) {
    refuse("signature");
    time += 50;
  }
  expect(alarms).toEqual([{ signature: 4 }]);
});

test("a flood that goes on is an alarm a window, each with what fell into that window", () => {
  const refuse = alarm({ moreThan: 10, withinMs: 1000 });
  for (let i = 0; i < 300; i++) {
    refuse("signature", 10);
    time += 10;
  }
  expect(alarms.map(({ signature = 0 }) => signature)).toEqual([11, expect.any(Number), expect.any(Number)]);
  for (const { signature = 0 } of alarms.slice(1)) expect(Math.abs(signature - 1000)).toBeLessThan(30);
  time += 10_000;
  refuse("signature", 10);
  expect(alarms).toHaveLength(3);
});

test("kinds of one's own replace the others", () => {
  const refuse = alarm({ moreThan: 1, kinds: ["revoked"] });
  refuse("signature", 50);
  refuse("revoked");
  expect(alarms).toEqual([]);
  refuse("revoked");
  expect(alarms).toEqual([{ revoked: 2 }]);
});

test.each<Partial<RefusalAlarmOptions>>([
  { moreThan: -1 },
  { moreThan: Number.POSITIVE_INFINITY },
  { withinMs: 0 },
  { withinMs: Number.NaN },
  { kinds: [] },
  { kinds: ["forged" as RefusalKind] },
])("an alarm that could never come is refused: %o", (options) => {
  expect(() => alarm(options)).toThrow(expect.objectContaining({ code: "install_refused", next: expect.stringContaining("moreThan") }));
});

test("half a million refusals leave nothing behind", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const refuse = alarm({ moreThan: 1e9 });
  const held = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  refuse("signature", 1000);
  const before = held();
  for (let i = 0; i < 1000; i++) {
    refuse(SUSPICIOUS[i % SUSPICIOUS.length] as RefusalKind, 500);
    time += 100;
  }
  expect(held() - before).toBeLessThan(1_000_000);
});
