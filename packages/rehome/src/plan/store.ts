import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { type Claimants, claimsOf, type DecideOptions, type Decision, decideOne, exclusion } from "./dispositions.ts";

const SCHEMA = `
pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -2000; pragma temp_store = memory; pragma locking_mode = exclusive;
create table claim (key text primary key, people integer not null, verified integer not null) without rowid;
create table decision (at integer primary key, id text not null, disposition text not null, data text not null);`;

/** Claims and decisions of a plan, in a file of this process as the people themselves (legacy/stage.ts). */
export class DecisionStore {
  readonly #database: DatabaseSync;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), "rehome-plan-"));
    this.#database = new DatabaseSync(join(folder, "decisions.db"));
    this.#database.exec(SCHEMA);
    rmSync(folder, { recursive: true });
  }

  close(): void {
    this.#database.close();
  }

  claimAll(people: Iterable<LegacyUser>): void {
    const put = this.#database.prepare(
      "insert into claim (key, people, verified) values (?1, 1, ?2) on conflict (key) do update set people = people + 1, verified = verified + ?2",
    );
    this.#database.exec("begin");
    for (const user of people) if (!exclusion(user)) for (const { key, verified } of claimsOf(user)) put.run(key, verified ? 1 : 0);
    this.#database.exec("commit");
  }

  decideAll(people: Iterable<LegacyUser>, options: DecideOptions, each: (user: LegacyUser, decision: Decision) => void): void {
    const find = this.#database.prepare('select people as "all", verified from claim where key = ?');
    const put = this.#database.prepare("insert into decision (id, disposition, data) values (?, ?, ?)");
    this.#database.exec("begin");
    for (const user of people) {
      const decision = decideOne(user, options, (key) => find.get(key) as unknown as Claimants | undefined);
      const { legacyUserId, disposition, ...rest } = decision;
      put.run(legacyUserId, disposition, JSON.stringify(rest));
      each(user, decision);
    }
    this.#database.exec("commit");
  }

  /** Everybody's decision, one after the other. */
  *[Symbol.iterator](): Generator<Decision> {
    const rows = this.#database.prepare("select id, disposition, data from decision order by at").iterate();
    for (const row of rows as Iterable<{ id: string; disposition: Decision["disposition"]; data: string }>)
      yield {
        legacyUserId: row.id,
        disposition: row.disposition,
        ...(JSON.parse(row.data) as Omit<Decision, "legacyUserId" | "disposition">),
      };
  }
}
