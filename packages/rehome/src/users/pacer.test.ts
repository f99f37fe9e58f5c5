import { expect, test } from "vitest";
import { Pacer } from "./pacer.ts";

const limits = { writesPer10s: 500, readsPer10s: 1000, requestsPer60s: 60_000, share: 1 };

test("requests are spaced below the limit of their kind", async () => {
  const pacer = new Pacer(limits);
  const startedAt = performance.now();
  for (let i = 0; i < 11; i++) await pacer.turn("write");
  // Ten intervals of 20 ms; a timer may fire a millisecond early.
  expect(performance.now() - startedAt).toBeGreaterThan(10 * 20 - 15);
});

test("half the share takes twice the time", async () => {
  const time = async (share: number) => {
    const pacer = new Pacer({ ...limits, share });
    const startedAt = performance.now();
    for (let i = 0; i < 6; i++) await pacer.turn("write");
    return performance.now() - startedAt;
  };
  expect(await time(0.5)).toBeGreaterThan(1.5 * (5 * 20));
});

test("kinds share the general limit", async () => {
  const pacer = new Pacer({ ...limits, requestsPer60s: 3000 }); // one each 20 ms
  const startedAt = performance.now();
  await Promise.all([
    pacer.turn("read"),
    pacer.turn("write"),
    pacer.turn("other"),
    pacer.turn("read"),
    pacer.turn("other"),
    pacer.turn("write"),
  ]);
  expect(performance.now() - startedAt).toBeGreaterThan(5 * 20 - 15);
});

test("after a pause nobody sends before its end", async () => {
  const pacer = new Pacer(limits);
  pacer.pause(80);
  const startedAt = performance.now();
  await pacer.turn("read");
  expect(performance.now() - startedAt).toBeGreaterThan(70);
});
