import type { Rule } from "../finding.ts";

/** Routes: other ways to the rows than the table. */
export const ROUTE_RULES: readonly Rule[] = [
  {
    id: "view-as-owner",
    level: "error",
    title: "A view that reads as its owner",
    why: "The policies asked are the owner's. Unless the owner is a narrow role with policies of its own, everybody sees every row.",
    splinter: "0010",
  },
  {
    id: "view-without-barrier",
    level: "warn",
    title: "A view that leaks through functions",
    why: "Postgres may run a caller's cheap function before the view's own WHERE; the function sees rows the view hides.",
  },
  {
    id: "guard-through-view",
    level: "error",
    title: "The guard or its users through a view",
    why: "The view hands out what the table itself refuses.",
    splinter: "0002",
  },
  {
    id: "materialized-view-open",
    level: "error",
    title: "A materialized view open to the product",
    why: "It holds rows of every organization, and row security cannot be switched on for it.",
    splinter: "0016",
  },
  {
    id: "foreign-table-open",
    level: "error",
    title: "A foreign table open to the product",
    why: "Its rows come from elsewhere, and row security cannot be switched on for it.",
    splinter: "0017",
  },
  {
    id: "definer-reachable",
    level: "warn",
    title: "A definer function the product may call",
    why: "It acts with its owner's rights. It must check its arguments and belong to a narrow role; then accept it with that reason.",
    splinter: "0028, 0029",
  },
  {
    id: "definer-mighty",
    level: "error",
    title: "A definer function of a role past row security",
    why: "Whatever it reads or writes, no policy is asked: one injection in it opens every row.",
  },
  {
    id: "search-path-open",
    level: "warn",
    title: "A function that resolves names as its caller says",
    why: "The caller's search_path decides what its tables, functions and operators are; in a definer function that is a take-over.",
    splinter: "0011",
  },
  {
    id: "definer-path-temp",
    level: "warn",
    title: "A definer function that looks at temporary tables first",
    why: "pg_temp is searched before everything unless it is named last: a temporary table of the right name is taken for the real one.",
  },
  {
    id: "extension-in-product-schema",
    level: "warn",
    title: "An extension among the product's tables",
    why: "Its functions are open to PUBLIC and mix with yours; dropping or updating it touches the product's schema.",
    splinter: "0014",
  },
  {
    id: "leakproof-function",
    level: "error",
    title: "A function marked LEAKPROOF",
    why: "Postgres lets such a function see rows before the policies hide them. Only a function that tells nothing about its arguments may be so.",
  },
  {
    id: "way-out",
    level: "error",
    title: "A way out of the database",
    why: "Foreign servers, dblink and file functions read and write where no policy is.",
  },
];
