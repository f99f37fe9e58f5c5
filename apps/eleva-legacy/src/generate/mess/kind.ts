import type { CensusLine, ElevaWorld, Row } from "../../world.ts";
import type { Draft } from "../draft.ts";
import type { Random } from "../random.ts";

/** What a search may look at: the finished world, and nothing of how it was made. */
export type Finished = Pick<ElevaWorld, "now" | "clerkUsers" | "tables" | "auditLogs" | "encryptionKey">;

export interface MessKind {
  kind: string;
  /** Of all people; 0 stands for one instance. */
  rate: number;
  /** Makes up to `count` instances. Left out where the ordinary way of making the world yields them. */
  make?: Make;
  /** Counts the instances by searching, without trusting `make`. */
  find(world: Finished): number;
}

export type Make = (tools: MessTools, count: number) => void;

export interface MessTools {
  random: Random;
  draft: Draft;
  /** Up to `count` rows that no kind has touched yet; those of experts who will move first. */
  take(rows: readonly Row[], count: number, fits?: (row: Row) => boolean): Row[];
}

/** From this size on every kind is wanted; a smaller world is left as it is. */
const LEAST_SIZE = 20;

export function makeMess(random: Random, draft: Draft, kinds: readonly MessKind[]): void {
  if (draft.size < LEAST_SIZE) return;
  const touched = new Set<Row>();
  const movers = movingExperts(draft);
  const take = (rows: readonly Row[], count: number, fits: (row: Row) => boolean = () => true): Row[] => {
    const free = random.shuffle(rows.filter((row) => !touched.has(row) && fits(row)));
    const moving = free.filter((row) => movers.has(ownerOf(row)));
    const chosen = [...moving, ...free.filter((row) => !movers.has(ownerOf(row)))].slice(0, count);
    for (const row of chosen) touched.add(row);
    return chosen;
  };
  for (const kind of kinds) kind.make?.({ random: random.fork(kind.kind), draft, take }, wantedOf(kind, draft.size));
}

export function takeCensus(world: Finished, size: number, kinds: readonly MessKind[]): CensusLine[] {
  return kinds.map((kind) => ({ kind: kind.kind, wanted: wantedOf(kind, size), found: kind.find(world) }));
}

function wantedOf(kind: MessKind, size: number): number {
  return size < LEAST_SIZE ? 0 : Math.max(1, Math.round(kind.rate * size));
}

function ownerOf(row: Row): string {
  const owner = row["clerkUserId"] ?? row["clerk_user_id"] ?? row["expert_clerk_user_id"] ?? row["expert_id"] ?? row["user_id"];
  return typeof owner === "string" ? owner : "";
}

/** Experts by whether their rows are meant to move. */
export function movingExperts(draft: Draft): Set<string> {
  return new Set(draft.experts.filter((expert) => expert.moves).map((expert) => expert.id));
}

/** An address as the people who receive mail compare it. */
export function addressKey(address: string): string {
  return address.trim().toLowerCase();
}

export function countBy<T>(list: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of list) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

/** How many groups of equal keys have more than one member. */
export function repeated<T>(list: readonly T[], key: (item: T) => string): number {
  return [...countBy(list, key).values()].filter((group) => group.length > 1).length;
}
