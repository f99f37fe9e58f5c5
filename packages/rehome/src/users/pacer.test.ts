import { freshDatabase } from "@rehome/sandbox";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { installLedger } from "../ledger/ledger.ts";
import { Pacer, SharedPacer } from "./pacer.ts";

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

test("a request of another kind does not wait behind writes that are waiting", async () => {
  const pacer = new Pacer({ ...limits, writesPer10s: 10 }); // one each second
  const writes = [pacer.turn("write"), pacer.turn("write")];
  const startedAt = performance.now();
  await pacer.turn("other");
  expect(performance.now() - startedAt).toBeLessThan(500);
  await Promise.all(writes);
});

/** Two processes of one move, as far as the pacer can see. */
async function twoPacers(own: Partial<typeof limits> = {}): Promise<[SharedPacer, SharedPacer]> {
  const database = await freshDatabase();
  const clients = [new pg.Client({ connectionString: database.url }), new pg.Client({ connectionString: database.url })] as const;
  onTestFinished(async () => {
    for (const client of clients) await client.end();
    await database.drop();
  });
  for (const client of clients) await client.connect();
  await installLedger(clients[0], "test", "sha", "postgres");
  return [new SharedPacer(clients[0], { ...limits, ...own }), new SharedPacer(clients[1], { ...limits, ...own })];
}

test("two processes together stay below the limit of a kind", async () => {
  const [one, other] = await twoPacers();
  const sent: number[] = [];
  const send = async (pacer: SharedPacer) => {
    await pacer.turn("write");
    sent.push(performance.now());
  };
  await Promise.all([...Array.from({ length: 15 }, () => send(one)), ...Array.from({ length: 15 }, () => send(other))]);
  sent.sort((a, b) => a - b);
  // 29 intervals of 20 ms; a timer may fire a millisecond early.
  expect((sent.at(-1) ?? 0) - (sent[0] ?? 0)).toBeGreaterThan(29 * 20 - 30);
});

test("two processes together stay below the general limit, and other kinds do not wait behind writes", async () => {
  const [one, other] = await twoPacers({ requestsPer60s: 3000, writesPer10s: 10 });
  const startedAt = performance.now();
  const writes = [one.turn("write"), one.turn("write")];
  await Promise.all([one.turn("read"), other.turn("other"), other.turn("other"), one.turn("other"), other.turn("read")]);
  const took = performance.now() - startedAt;
  expect(took).toBeGreaterThan(4 * 20);
  expect(took).toBeLessThan(800);
  await Promise.all(writes);
});

test("a pause in one process holds the other from its next turn on", async () => {
  const [one, other] = await twoPacers();
  await one.pause(300);
  const startedAt = performance.now();
  await Promise.all([one.turn("read"), other.turn("write")]);
  expect(performance.now() - startedAt).toBeGreaterThan(280);
});

test("a database that is gone fails the turn instead of letting it through", async () => {
  const database = await freshDatabase();
  onTestFinished(() => database.drop());
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.end();
  await expect(new SharedPacer(client, limits).turn("write")).rejects.toThrow();
});

test("after a pause nobody sends before its end", async () => {
  const pacer = new Pacer(limits);
  await pacer.pause(80);
  const startedAt = performance.now();
  await pacer.turn("read");
  expect(performance.now() - startedAt).toBeGreaterThan(70);
});
