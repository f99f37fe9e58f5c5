import type { ClientBase } from "pg";
import { MoveError } from "../errors.ts";
import type { Wanted } from "./account.ts";
import { claim, type Known, type Outcome, readKnown, saveOutcomes } from "./known.ts";
import { CREATED, isLevel, moveOne } from "./move-one.ts";
import { serially } from "./serially.ts";
import type { PacedWorkos } from "./workos.ts";

/** People under way at once. Enough to keep the allowed rate busy while each waits for its answers: 25 people a second, up to two seconds each. */
const WORKERS = 50;
/** People read, claimed or written by one statement. */
const PAGE = 200;
const CLAIM = 25;
/** So many in a row without an answer, and WorkOS itself is in trouble. */
const STOP_AFTER = 5;

/** What a run did to people. */
export interface Worked {
  workedOn: number;
  created: number;
  /** Of people who were there before. */
  changes: { id: string; what: string[] }[];
  refused: { id: string; code: string; what: string }[];
}

/**
 * Makes every moving person at WorkOS what Clerk says; see `moveOne`.
 *
 * Workers take people in the order of their ids, from pages, so that memory does not grow with their number, and no one waits for a batch to end. What
 * WorkOS answered is written down as it comes, a few people in one transaction. Digests and secrets pass through memory only.
 *
 * A person whom WorkOS refuses is refused alone. One for whom WorkOS gives no answer is left to the next run; after several in a row nobody is begun.
 *
 * @param wantedOf undefined for somebody whom Clerk does not know: such a person is not worked on
 * @param only legacy ids; null for everybody
 * @param onProgress called with the number of people who are level, and of all
 * @throws MoveError WORKOS_UNREACHABLE, WORKOS_REFUSED, FENCED; what was done until then is written down
 */
export async function moveUsers(
  client: ClientBase,
  workos: PacedWorkos,
  epoch: string,
  wantedOf: (known: Known) => Wanted | undefined,
  only: readonly string[] | null,
  onProgress: (done: number, total: number) => void,
): Promise<Worked> {
  const exclusive = serially();
  const total = await exclusive(() => countPeople(client, only));
  const worked: Worked = { workedOn: 0, created: 0, changes: [], refused: [] };
  const finished: Outcome[] = [];
  let failure: unknown;
  let unanswered = 0;
  let done = 0;

  const write = () =>
    exclusive(async () => {
      const outcomes = finished.splice(0);
      if (outcomes.length > 0) await saveOutcomes(client, epoch, outcomes);
    });

  const next = takeFrom(claimed());
  async function* claimed(): AsyncGenerator<[Known, Wanted]> {
    for (let after = ""; ; ) {
      const page = await exclusive(() =>
        readKnown(client, "i.moved and i.legacy_user_id > $1 and ($2::text[] is null or i.legacy_user_id = any($2))", [after, only], PAGE),
      );
      const last = page.at(-1);
      if (!last) return;
      after = last.legacyUserId;
      const waiting = page.flatMap((known): [Known, Wanted][] => {
        const wanted = wantedOf(known);
        return wanted && !isLevel(known, wanted) ? [[known, wanted]] : [];
      });
      done += page.length - waiting.length;
      onProgress(done, total);
      for (let from = 0; from < waiting.length; from += CLAIM) {
        const part = waiting.slice(from, from + CLAIM);
        await exclusive(() =>
          claim(
            client,
            epoch,
            part.map(([known]) => known),
          ),
        );
        yield* part;
      }
    }
  }

  async function work(): Promise<void> {
    for (;;) {
      if (failure) return;
      const person = await next();
      if (!person) return;
      const [known, wanted] = person;
      const outcome: Outcome = { known, changes: [], settled: false };
      try {
        outcome.changes = await moveOne(workos, known, wanted, () => exclusive(() => saveOutcomes(client, epoch, [{ ...outcome }])));
        outcome.settled = true;
        unanswered = 0;
        if (outcome.changes[0] === CREATED) worked.created += 1;
        else worked.changes.push({ id: known.legacyUserId, what: outcome.changes });
      } catch (error) {
        if (error instanceof MoveError && error.code === "WORKOS_REFUSED" && error.refusal) {
          const refusal = { code: error.refusal, what: error.message };
          Object.assign(outcome, { settled: true, refusal });
          worked.refused.push({ id: known.legacyUserId, ...refusal });
        } else if (error instanceof MoveError && error.code === "WORKOS_UNREACHABLE") {
          unanswered += 1;
          setAside ??= error;
          if (unanswered >= STOP_AFTER) failure ??= error;
        } else failure ??= error;
      }
      worked.workedOn += 1;
      finished.push(outcome);
      if (finished.length >= CLAIM) await write().catch((error: unknown) => void (failure ??= error));
      done += 1;
      onProgress(done, total);
    }
  }
  let setAside: unknown;

  await Promise.all(Array.from({ length: WORKERS }, () => work().catch((error: unknown) => void (failure ??= error))));
  // What WorkOS answered is written down whatever ended the run; an overtaken one is refused here too.
  await write().catch((error: unknown) => void (failure ??= error));
  if (failure ?? setAside) throw failure ?? setAside;
  return worked;
}

async function countPeople(client: ClientBase, only: readonly string[] | null): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    "select count(*)::int as n from rehome.identity where moved and ($1::text[] is null or legacy_user_id = any($1))",
    [only],
  );
  return rows[0]?.n ?? 0;
}

/** Hands out what a generator yields, one to each caller, however many call at once. */
function takeFrom<T>(generator: AsyncGenerator<T>): () => Promise<T | undefined> {
  return async () => {
    const { value, done } = await generator.next(); // calls wait in line by themselves
    return done ? undefined : value;
  };
}
