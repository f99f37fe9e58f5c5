import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Secret } from "../secret.ts";
import type { LegacyUser } from "./clerk/join.ts";
import { joinLegacyUser } from "./clerk/join.ts";
import type { ClerkApiUser, UserSink } from "./clerk/read-api.ts";
import type { ExportedUser } from "./clerk/read-export.ts";
import type { ClerkOrganization } from "./clerk/read-organizations.ts";
import { readTotpSecret } from "./clerk/text.ts";
import { createCollector } from "./collect.ts";

/** What becomes of a digest: `carried`, or the reason why not. */
export type JudgePassword = (hasher: string, digest: string) => string;

const SCHEMA = `
pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -2000; pragma temp_store = memory; pragma locking_mode = exclusive;
create table exported (id text primary key, file integer not null, data text not null) without rowid;
create table named (file integer not null, id text not null, primary key (file, id)) without rowid;
create table api (id text primary key, at integer, created real, data text not null) without rowid;
create table member (user_id text not null, organization text not null, name text not null, role text not null);
create index member_user on member (user_id);
create index api_at on api (at);`;

/** How many names of people a note gives. */
const NAMED = 10;

/**
 * Where everybody stands while export and API are read and joined, so that memory does not grow with their number.
 *
 * A database file in a folder that only this user may enter, unlinked as soon as it is open: it goes with the process, however that ends. Digests
 * and TOTP secrets are never in it: with a judge only the verdict is kept, without one they stay in memory as `Secret`.
 */
export class ClerkStage {
  readonly #database: DatabaseSync;
  readonly #judge: JudgePassword | undefined;
  readonly #secrets = new Map<string, { digest: Secret | null; totp: Secret | null }>();
  readonly #files: { file: string; takenAt: Date }[] = [];
  readonly #collect = createCollector();
  #apiCount = 0;
  #at = 0;
  #hasApi = false;

  /** @param judge given where nobody needs the digests themselves */
  constructor(judge?: JudgePassword) {
    this.#judge = judge;
    const folder = mkdtempSync(join(tmpdir(), "rehome-stage-"));
    this.#database = new DatabaseSync(join(folder, "people.db"));
    this.#database.exec(SCHEMA);
    rmSync(folder, { recursive: true });
  }

  close(): void {
    this.#secrets.clear();
    this.#database.close();
  }

  /** Runs many writes as one; nothing is rolled back, for a stage that failed is thrown away. */
  async fill<T>(work: () => Promise<T>): Promise<T> {
    this.#database.exec("begin");
    const result = await work();
    this.#database.exec("commit");
    return result;
  }

  /** Takes the users of one more export, which is newer than those before. */
  async addExport(file: string, takenAt: Date, users: AsyncIterable<ExportedUser>): Promise<number> {
    const at = this.#files.push({ file, takenAt }) - 1;
    const put = this.#database.prepare("insert or replace into exported (id, file, data) values (?, ?, ?)");
    const name = this.#database.prepare("insert into named (file, id) values (?, ?)");
    let count = 0;
    for await (const { digest, totp, ...user } of users) {
      const secret = totp && !this.#judge ? totp : null;
      const totpState = totp ? (readTotpSecret(totp.reveal()) ? "secret" : "unreadable") : null;
      const verdict = digest && this.#judge ? this.#judge(user.hasher ?? "", digest.reveal()) : null;
      if (!this.#judge && (digest || secret)) this.#secrets.set(user.id, { digest, totp: secret });
      else this.#secrets.delete(user.id);
      put.run(user.id, at, JSON.stringify({ ...user, hasDigest: digest !== null, verdict, totpState }));
      name.run(at, user.id);
      count += 1;
      this.#collect();
    }
    return count;
  }

  /** Where users of the API go. */
  apiSink(): UserSink {
    this.#hasApi = true;
    const put = this.#database.prepare(
      "insert into api (id, at, created, data) values (?, ?, ?, ?) on conflict (id) do update set created = excluded.created, data = excluded.data",
    );
    const count = this.#database.prepare("select count(*) as n from api");
    return {
      clear: () => this.#database.exec("delete from api"),
      put: (user) => {
        const created = typeof user.createdAt === "number" ? user.createdAt : null;
        put.run(user.id, this.#at++, created, JSON.stringify(user));
        this.#collect();
      },
      size: () => {
        this.#apiCount = (count.get() as { n: number }).n;
        return this.#apiCount;
      },
    };
  }

  addOrganization({ id, name, members }: ClerkOrganization): void {
    const put = this.#database.prepare("insert into member (user_id, organization, name, role) values (?, ?, ?, ?)");
    for (const { userId, role } of members) put.run(userId, id, name.toWellFormed().replaceAll("\0", "\ufffd"), role);
  }

  /** Everybody, each once: in the order of the API, then those of the exports only, by id. May be read several times, one after the other. */
  *users(): Generator<LegacyUser> {
    const { file, takenAt } = this.#takenBounds();
    const organizations = this.#database.prepare(
      "select organization as id, name, role from member where user_id = ? order by organization",
    );
    const rows = this.#database
      .prepare(
        `select a.id as apiId, a.data as api, e.data as exported, e.file as file from api a left join exported e on e.id = a.id
          order by a.at`,
      )
      .iterate() as Iterable<Row>;
    const rest = this.#database
      .prepare(
        "select null as apiId, null as api, e.data as exported, e.file as file from exported e where e.id not in (select id from api) order by e.id",
      )
      .iterate() as Iterable<Row>;
    for (const some of [rows, rest]) {
      for (const row of some) {
        this.#collect();
        yield this.#join(row, row.file === file ? takenAt : undefined, (id) => organizations.all(id) as unknown as Membership[]);
      }
    }
  }

  #join(row: Row, takenAt: Date | undefined, organizationsOf: (id: string) => Membership[]): LegacyUser {
    const api = row.api === null ? (this.#hasApi ? undefined : null) : (JSON.parse(row.api) as ClerkApiUser);
    const { user, staged } = row.exported === null ? { user: undefined, staged: undefined } : this.#unstage(row.exported);
    const from = this.#files[row.file ?? -1];
    const exported =
      user && from ? { user, file: from.file, takenAt: takenAt ?? from.takenAt } : this.#files.length === 0 ? null : undefined;
    const id = (api?.id ?? user?.id) as string;
    const joined = joinLegacyUser(api, exported, row.apiId === null ? [] : organizationsOf(id));
    if (!this.#judge) return joined;
    const unknown = joined.hasPassword && !staged?.hasDigest;
    return { ...joined, passwordVerdict: joined.hasPassword ? (unknown ? "unknown" : (staged?.verdict ?? "unknown")) : "none" };
  }

  #unstage(data: string): { user: ExportedUser; staged: Staged } {
    const { hasDigest, verdict, totpState, ...user } = JSON.parse(data) as Staged & Omit<ExportedUser, "digest" | "totp">;
    const kept = this.#secrets.get(user.id);
    // With a judge nobody reads these two; that they are there is what counts.
    const digest = kept?.digest ?? (hasDigest ? new Secret("") : null);
    const totp = kept?.totp ?? (totpState === null ? null : new Secret(totpState === "secret" ? STAND_IN : ""));
    return { user: { ...user, digest, totp }, staged: { hasDigest, verdict, totpState } };
  }

  /**
   * When the newest export was taken, at the latest: its date, or the first sign-up that it does not have. Whoever signed up before its newest user and
   * is not in it tells nothing of the date: the export is not whole then.
   */
  #takenBounds(): { file: number; takenAt: Date | undefined } {
    const file = this.#files.length - 1;
    const taken = this.#files[file]?.takenAt;
    if (!taken) return { file, takenAt: undefined };
    const first = this.#one<{ first: number | null }>(
      "select min(created) as first from api where id not in (select id from exported) and created > coalesce((select max(created) from api where id in (select id from exported)), 0)",
    )?.first;
    return { file, takenAt: new Date(Math.min(taken.getTime(), first ?? Number.POSITIVE_INFINITY)) };
  }

  /** How many of the exports' users the API knows, of how many. */
  overlap(): { exported: number; known: number; api: number } {
    const exported = this.#one<{ n: number }>("select count(*) as n from exported")?.n ?? 0;
    const known = this.#one<{ n: number }>("select count(*) as n from exported where id in (select id from api)")?.n ?? 0;
    return { exported, known, api: this.#apiCount };
  }

  /** People who signed up before the newest of the exports and are in none of them. */
  missedByExports(): { count: number; ids: string[] } {
    const where = `from api where id not in (select id from exported) and created < (select max(created) from api where id in (select id from exported))`;
    const count = this.#one<{ n: number }>(`select count(*) as n ${where}`)?.n ?? 0;
    const rows = this.#database.prepare(`select id ${where} order by id limit ${NAMED}`).all() as { id: string }[];
    return { count, ids: rows.map((row) => row.id) };
  }

  /** Of each export, in the order given: the newest sign-up in it, and how many of an earlier one's people it lacks although Clerk has them. */
  exportsCompared(): { file: string; newest: number | null; lacks: number }[] {
    return this.#files.map(({ file }, at) => ({
      file,
      newest:
        this.#one<{ newest: number | null }>("select max(a.created) as newest from named n join api a on a.id = n.id where n.file = ?", at)
          ?.newest ?? null,
      lacks:
        this.#one<{ n: number }>(
          `select count(distinct earlier.id) as n from named earlier join api a on a.id = earlier.id
            where earlier.file < ?1 and not exists (select 1 from named n where n.file = ?1 and n.id = earlier.id)`,
          at,
        )?.n ?? 0,
    }));
  }

  #one<T>(sql: string, ...values: (string | number)[]): T | undefined {
    return this.#database.prepare(sql).get(...values) as T | undefined;
  }
}

interface Row {
  apiId: string | null;
  api: string | null;
  exported: string | null;
  file: number | null;
}

type Membership = LegacyUser["organizations"][number];

interface Staged {
  hasDigest: boolean;
  verdict: string | null;
  totpState: "secret" | "unreadable" | null;
}

/** Base32, so that a secret which was read once is one again. */
const STAND_IN = "AAAAAAAAAAAAAAAA";
