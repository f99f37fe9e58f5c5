import { unprocessable } from "./errors.ts";

interface PageQuery {
  limit: number;
  order: "asc" | "desc";
  before?: string | undefined;
  after?: string | undefined;
}

interface Page<T> {
  object: "list";
  data: T[];
  list_metadata: { before: string | null; after: string | null };
}

const DEFAULT_LIMIT = 10;
const HIGHEST_LIMIT = 100;

/**
 * Reads `limit`, `order`, `before` and `after` of a list request.
 *
 * Newest first unless `asc` is asked for; `normal` is newest first with the two cursors exchanged (WorkOS OpenAPI).
 */
export function readPageQuery(query: (name: string) => string | undefined): PageQuery {
  const limit = query("limit") === undefined ? DEFAULT_LIMIT : Number(query("limit"));
  if (!Number.isInteger(limit) || limit < 1 || limit > HIGHEST_LIMIT)
    throw unprocessable("limit", `must be between 1 and ${HIGHEST_LIMIT}`);
  const order = query("order") ?? "desc";
  if (order === "normal") return { limit, order: "desc", before: query("after"), after: query("before") };
  if (order !== "asc" && order !== "desc") throw unprocessable("order", "must be asc, desc or normal");
  return { limit, order, before: query("before"), after: query("after") };
}

/**
 * Cuts one page out of records in order of creation (ids are ULIDs, so that order is the order of their ids).
 *
 * A cursor works also when its record has been deleted. A cursor of the answer is null where nothing follows.
 */
export function paginate<T extends { id: string }, W>(oldestFirst: readonly T[], query: PageQuery, wire: (item: T) => W): Page<W> {
  const { limit, order, before, after } = query;
  const [above, below] = order === "asc" ? [after, before] : [before, after];
  const low = above === undefined ? 0 : countUntil(oldestFirst, (id) => id > above);
  const high = below === undefined ? oldestFirst.length : countUntil(oldestFirst, (id) => id >= below);
  // A page touches its cursor: the one `before` names, else the one `after` names, else the start of the list.
  const fromLow = (order === "asc") !== (before !== undefined);
  const start = fromLow ? low : Math.max(low, high - limit);
  const stop = fromLow ? Math.min(high, low + limit) : high;
  const data = oldestFirst.slice(start, stop);
  if (order === "desc") data.reverse();
  const [earlier, later] = [start > 0, stop < oldestFirst.length];
  return {
    object: "list",
    data: data.map(wire),
    list_metadata: {
      before: (order === "asc" ? earlier : later) ? (data[0]?.id ?? null) : null,
      after: (order === "asc" ? later : earlier) ? (data.at(-1)?.id ?? null) : null,
    },
  };
}

/** How many records come before the first whose id passes; `passes` must stay true once it is. */
function countUntil(oldestFirst: readonly { id: string }[], passes: (id: string) => boolean): number {
  let [low, high] = [0, oldestFirst.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(oldestFirst[middle]?.id ?? "")) high = middle;
    else low = middle + 1;
  }
  return low;
}
