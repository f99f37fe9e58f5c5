import { createDatabase } from "@rehome/sandbox";
import type { WorkOS } from "@workos-inc/node";
import pg from "pg";
import type { Proof } from "rehome";
import { testWorld } from "../moved-world.ts";
import { workosOf } from "../proofs/workos.ts";
import { rehome } from "../rehome.ts";
import type { DemoWorld } from "../world.ts";

/** Eleva Care after one `rehome run`, with the connections a test plants faults through. */
export interface Moved {
  world: DemoWorld;
  /** What `rehome run` printed. */
  first: Record<string, unknown>;
  /** As the mover: the only one whose writes the closed target takes. */
  target: pg.Client;
  /** As the target's superuser, for constraints and policies. */
  owner: pg.Client;
  /** As the mover on legacy, whose writes are not captured. */
  legacy: pg.Client;
  /** A copy of legacy as it is after the run. */
  replayed: pg.Client;
  workos: WorkOS;
  /** Those who moved, with the ids of the identity map; by legacy id. */
  people: {
    id: string;
    user: string;
    organization: string;
    membership: string;
    practice: string | null;
    practiceMembership: string | null;
  }[];
  /** `rehome verify`: proof by name. */
  verify(env?: Record<string, string>): Promise<Map<string, Proof>>;
  /** `rehome users --reconcile`: puts right what was changed by hand at WorkOS; then `rehome copy`, without which nothing is proved after `users`. */
  reconcile(): Promise<void>;
  stop(): Promise<void>;
}

export async function startMoved(): Promise<Moved> {
  const world = await testWorld();
  const clients: pg.Client[] = [];
  const stop = async () => {
    await Promise.all(clients.map((client) => client.end()));
    await world.stop();
  };
  const connect = async (url: string, setting = "") => {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {}); // a broken connection surfaces in the next query
    await client.connect();
    clients.push(client);
    if (setting) await client.query(setting);
    return client;
  };
  try {
    const ran = await rehome(world, ["run"]);
    if (ran.code !== 0) throw new Error(`rehome run ended with ${ran.code}: ${ran.stdout} ${ran.stderr}`);
    // Before anybody connects to legacy: a template must not be connected to.
    await createDatabase(world.sandbox.legacy.url("postgres"), "legacy_replayed", "legacy");
    const target = await connect(world.env["TARGET_MOVER_URL"] ?? "", "set rehome.apply = 'on'");
    const { rows: people } = await target.query<Moved["people"][number]>(
      `select legacy_user_id as id, workos_user_id as "user", workos_organization_id as organization, workos_membership_id as membership,
              workos_practice_id as practice, workos_practice_membership_id as "practiceMembership"
         from rehome.identity where moved order by 1`,
    );
    return {
      world,
      first: ran.result,
      target,
      owner: await connect(world.env["TARGET_OWNER_URL"] ?? ""),
      legacy: await connect(world.env["LEGACY_DATABASE_URL"] ?? "", "set rehome.apply = 'on'"),
      replayed: await connect(world.sandbox.legacy.url("legacy_replayed")),
      workos: workosOf(world.sandbox.workos),
      people,
      verify: async (env = {}) => {
        const { result, stderr } = await rehome(world, ["verify"], { env });
        if (!result["proofs"]) throw new Error(`rehome verify gave no proofs: ${stderr}`);
        return new Map((result["proofs"] as Proof[]).map((proof) => [proof.name, proof]));
      },
      reconcile: async () => {
        for (const args of [["users", "--reconcile"], ["copy"]]) {
          const { code, stderr } = await rehome(world, args);
          if (code !== 0) throw new Error(`rehome ${args.join(" ")} ended with ${code}: ${stderr}`);
        }
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Something wrong on purpose. */
export interface Fault {
  what: string;
  /** Plants it; what comes back repairs it. */
  plant(moved: Moved): Promise<() => Promise<unknown>>;
  /** What the proof must say of it. */
  named: string | RegExp;
}

/** Plants faults, looks, and repairs them, the last one first. */
export async function planted<T>(moved: Moved, faults: readonly Fault[], look: () => Promise<T>): Promise<T> {
  const repairs: (() => Promise<unknown>)[] = [];
  try {
    for (const fault of faults) {
      const repair = await fault.plant(moved).catch((error: unknown) => {
        throw new Error(`Could not plant: ${fault.what}`, { cause: error });
      });
      repairs.unshift(repair);
    }
    return await look();
  } finally {
    for (const repair of repairs) await repair();
  }
}

/**
 * Changes columns of one row and puts them back byte by byte.
 *
 * @param set column → SQL expression
 */
export async function changeRow(
  client: pg.Client,
  table: string,
  where: string,
  set: Readonly<Record<string, string>>,
): Promise<() => Promise<unknown>> {
  const columns = Object.keys(set);
  const { rows } = await client.query<{ row: string; place: string }>(
    `select t::text as row, ctid::text as place from ${table} t where ${where} order by t::text limit 1`,
  );
  const assignments = columns.map((column) => `${column} = ${set[column]}`).join(", ");
  const changed = await client.query<{ row: string; place: string }>(
    `update ${table} t set ${assignments} where ctid = $1::tid returning t::text as row, ctid::text as place`,
    [rows[0]?.place],
  );
  if (changed.rowCount !== 1) throw new Error(`No row of ${table} where ${where}`);
  if (changed.rows[0]?.row === rows[0]?.row) throw new Error(`The row of ${table} is as it was`);
  return async () => {
    const back = columns.map((column) => `${column} = ($2::${table}).${column}`).join(", ");
    const { rowCount } = await client.query(`update ${table} set ${back} where ctid = $1::tid`, [changed.rows[0]?.place, rows[0]?.row]);
    if (rowCount !== 1) throw new Error(`The row of ${table} is no longer where it was`);
  };
}

/** Deletes rows and puts them back byte by byte. */
export async function deleteRows(client: pg.Client, table: string, where: string): Promise<() => Promise<unknown>> {
  const { rows } = await client.query<{ row: string }>(`delete from ${table} t where ${where} returning t::text as row`);
  if (rows.length === 0) throw new Error(`No row of ${table} where ${where}`);
  return async () => {
    for (const { row } of rows) await client.query(`insert into ${table} select ($1::${table}).*`, [row]);
  };
}

/** Exchanges columns of two rows, found by conditions of which each names one. */
export async function swapRows(
  client: pg.Client,
  table: string,
  key: string,
  columns: readonly string[],
  where: readonly [string, string],
) {
  const list = columns.join(", ");
  const swap = async (conditions: readonly [string, string]) => {
    const set = columns.map((column) => `${column} = o.${column}`).join(", ");
    const { rowCount } = await client.query(
      `update ${table} t set ${set} from (select ${key} as k, ${list} from ${table}) o
        where (t.${key}::text = '${conditions[0]}' and o.k::text = '${conditions[1]}') or (t.${key}::text = '${conditions[1]}' and o.k::text = '${conditions[0]}')`,
    );
    if (rowCount !== 2) throw new Error(`No two rows of ${table} to exchange`);
  };
  await swap(where);
  return () => swap(where);
}
