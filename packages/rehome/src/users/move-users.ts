import type { ClientBase } from "pg";
import { MoveError } from "../errors.ts";
import { query } from "../postgres/query.ts";
import type { Wanted } from "./account.ts";
import { claim, type Known, type Outcome, readKnown, saveOutcomes } from "./known.ts";
import { CREATED, isLevel, moveOne } from "./move-one.ts";
import { serially } from "./serially.ts";
import type { PacedWorkos } from "./workos.ts";

/** People under way at once. Enough to keep the allowed rate busy while each waits for its answers: 25 people a second, up to three seconds each. */
const WORKERS = 80;
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
  const ledger = new Ledger(client, epoch);
  const worked: Worked = { workedOn: 0, created: 0, changes: [], refused: [] };
  const total = await ledger.count(only);
  let done = 0;
  const advance = (people: number) => {
    done += people;
    onProgress(done, total);
  };
  const next = takeFrom(waitingPeople(ledger, wantedOf, only, advance));
  const trouble = new Trouble();

  async function work(): Promise<void> {
    for (let person = await next(); person && !trouble.endsAll; person = await next()) {
      const [known, wanted] = person;
      const outcome: Outcome = { known, changes: [], settled: false };
      try {
        outcome.changes = await moveOne(workos, known, wanted, () => ledger.save([{ ...outcome }]));
        outcome.settled = true;
        trouble.passed();
        if (outcome.changes[0] === CREATED) worked.created += 1;
        else worked.changes.push({ id: known.legacyUserId, what: outcome.changes });
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal) {
          Object.assign(outcome, { settled: true, refusal });
          worked.refused.push({ id: known.legacyUserId, ...refusal });
        } else trouble.met(error);
      }
      worked.workedOn += 1;
      await ledger.note(outcome);
      advance(1);
    }
  }

  await Promise.all(Array.from({ length: WORKERS }, () => work().catch((error: unknown) => trouble.ends(error))));
  // What WorkOS answered is written down whatever ended the run; an overtaken one is refused here too.
  await ledger.flush().catch((error: unknown) => trouble.ends(error));
  trouble.throwIfAny();
  return worked;
}

/** People who are not level, claimed before they are handed out. */
async function* waitingPeople(
  ledger: Ledger,
  wantedOf: (known: Known) => Wanted | undefined,
  only: readonly string[] | null,
  advance: (people: number) => void,
): AsyncGenerator<[Known, Wanted]> {
  for (let after = ""; ; ) {
    const page = await ledger.page(after, only);
    const last = page.at(-1);
    if (!last) return;
    after = last.legacyUserId;
    const waiting = page.flatMap((known): [Known, Wanted][] => {
      const wanted = wantedOf(known);
      return wanted && !isLevel(known, wanted) ? [[known, wanted]] : [];
    });
    advance(page.length - waiting.length);
    for (let from = 0; from < waiting.length; from += CLAIM) {
      const part = waiting.slice(from, from + CLAIM);
      await ledger.claim(part.map(([known]) => known));
      yield* part;
    }
  }
}

/** What ended or hindered the work. One person without an answer hinders nobody; several in a row end it. */
class Trouble {
  endsAll: unknown;
  #setAside: unknown;
  #inARow = 0;

  passed(): void {
    this.#inARow = 0;
  }

  met(error: unknown): void {
    if (!(error instanceof MoveError) || error.code !== "WORKOS_UNREACHABLE") {
      this.ends(error);
      return;
    }
    this.#setAside ??= error;
    this.#inARow += 1;
    if (this.#inARow >= STOP_AFTER) this.ends(error);
  }

  ends(error: unknown): void {
    this.endsAll ??= error;
  }

  throwIfAny(): void {
    const error = this.endsAll ?? this.#setAside;
    if (error) throw error;
  }
}

/** WorkOS refused this person, and not us. */
function refusalOf(error: unknown): { code: string; what: string } | undefined {
  if (!(error instanceof MoveError) || error.code !== "WORKOS_REFUSED" || !error.refusal) return undefined;
  return { code: error.refusal, what: error.message };
}

/** The ledger's side of the work: one transaction at a time on one connection. */
class Ledger {
  readonly #client: ClientBase;
  readonly #epoch: string;
  readonly #exclusive = serially();
  #finished: Outcome[] = [];

  constructor(client: ClientBase, epoch: string) {
    this.#client = client;
    this.#epoch = epoch;
  }

  count(only: readonly string[] | null): Promise<number> {
    return this.#exclusive(async () => {
      const [row] = await query<{ n: number }>(
        this.#client,
        "count who moves",
        "select count(*)::int as n from rehome.identity where moved and ($1::text[] is null or legacy_user_id = any($1))",
        [only],
      );
      return row?.n ?? 0;
    });
  }

  page(after: string, only: readonly string[] | null): Promise<Known[]> {
    const where = "i.moved and i.legacy_user_id > $1 and ($2::text[] is null or i.legacy_user_id = any($2))";
    return this.#exclusive(() => readKnown(this.#client, where, [after, only], PAGE));
  }

  claim(people: readonly Known[]): Promise<void> {
    return this.#exclusive(() => claim(this.#client, this.#epoch, people));
  }

  save(outcomes: readonly Outcome[]): Promise<void> {
    return this.#exclusive(() => saveOutcomes(this.#client, this.#epoch, outcomes));
  }

  /** Writes several people in one transaction. */
  async note(outcome: Outcome): Promise<void> {
    this.#finished.push(outcome);
    if (this.#finished.length >= CLAIM) await this.flush();
  }

  async flush(): Promise<void> {
    const outcomes = this.#finished;
    this.#finished = [];
    if (outcomes.length > 0) await this.save(outcomes);
  }
}

/** Hands out what a generator yields, one to each caller, however many call at once. */
function takeFrom<T>(generator: AsyncGenerator<T>): () => Promise<T | undefined> {
  return async () => {
    const { value, done } = await generator.next(); // calls wait in line by themselves
    return done ? undefined : value;
  };
}
