import type { ClientBase } from "pg";
import { z } from "zod";
import { MoveError } from "../errors.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import type { Proof } from "../verify/proof.ts";
import type { TableMapping } from "./mapping.ts";

/** What a proof of the product's own is given: connections that are open, and the people who moved. */
export interface ProofContext {
  legacy: ClientBase;
  /** As the mover: past row security. */
  target: ClientBase;
  targetUrl: string;
}

const tableMapping = z.custom<TableMapping>((value) => typeof value === "object" && value !== null && "into" in value && "owner" in value, {
  error: "is not a table mapping: { owner, into, references?, dropped? }",
});
const url = z.string().refine((value) => /^postgres(ql)?:\/\//.test(value) && URL.canParse(value), { error: "is not a postgresql:// URL" });
const callback = <F>() => z.custom<F>((value) => typeof value === "function", { error: "is not a function" });

/** One statement that may be run again, and the table it writes. */
const statement = z.strictObject({ table: z.string(), sql: z.string() });

const move = z.strictObject({
  name: z.string().min(1),
  legacy: z.strictObject({
    /** Direct URL (no transaction pooler) of the mover's role on legacy: reads and writes rows, may create triggers; not the product's role. */
    database: url,
    /** Where the legacy audit log lives; counted, not moved yet. */
    audit: url.optional(),
    clerk: z
      .strictObject({
        /** Of the Backend API. Left out, the exports alone speak, and what only the API knows is lost. */
        secretKey: z.string().min(1).optional(),
        publishableKey: z.string().optional(),
        apiUrl: z.url().optional(),
        /**
         * Dashboard exports (CSV), the newest last; a later one overrides an earlier one, user by user. With `takenAt` where the file's own date is
         * not that of the export. Empty: the API alone speaks, and every password is reset.
         */
        exports: z
          .array(z.union([z.string(), z.strictObject({ file: z.string(), takenAt: z.iso.datetime({ offset: true }) })]))
          .default([]),
        /** By how many users Clerk's own count may stay wrong. */
        acceptUncounted: z.number().int().nonnegative().default(0),
      })
      .refine((clerk) => clerk.secretKey !== undefined || clerk.exports.length > 0, { error: "needs secretKey, exports, or both" }),
  }),
  target: z.strictObject({
    /** URL of a role that may create roles and schemas; used by `rehome schema` only. */
    owner: url,
    /** URL of the mover's role on the target, the only one past row security. */
    mover: url,
    workos: z.strictObject({
      apiKey: z.string().min(1),
      clientId: z.string().min(1),
      apiHostname: z.string().optional(),
      port: z.number().int().optional(),
      https: z.boolean().optional(),
      /** Share of WorkOS's limits that the mover may use; the live product needs the rest. */
      shareOfLimit: z.number().gt(0).max(1).default(0.8),
      /** Another limit than the documented one, if WorkOS granted it. */
      limits: z
        .strictObject({
          writesPer10s: z.number().int().positive(),
          readsPer10s: z.number().int().positive(),
          requestsPer60s: z.number().int().positive(),
          organizationDeletesPer60s: z.number().int().positive().default(50),
        })
        .default({ writesPer10s: 500, readsPer10s: 1000, requestsPer60s: 6000, organizationDeletesPer60s: 50 }),
      /**
       * How long a request without an answer may still act at WorkOS, in seconds after it was given up. People of whom one was in doubt are looked at
       * again after that time, at the end of `rehome users`.
       */
      settleSeconds: z.number().positive().default(30),
    }),
    /** Tables that belong to no organization, such as categories. */
    shared: z.array(z.string()).default([]),
    /** Installs roles, guard, tables and policies of the product; may be run again. */
    applySchema: callback<(owner: ClientBase) => Promise<void>>(),
  }),
  users: z.strictObject({
    /** Product roles that exist. A user with another one is held. */
    roles: z.array(z.string()).min(1),
    organizations: z.strictObject({
      /** The home: everybody who moves gets one of this type, and is its only member for ever. */
      personal: z.strictObject({ type: z.string().min(1), name: callback<(user: LegacyUser) => string>() }),
      /**
       * An organization beside the home, for whoever works in the product; undefined for all others. Rows that a person owns lie there (`ownerOrg()`).
       * `user.roles` are as Clerk has them, in whatever case.
       */
      practice: callback<(user: LegacyUser) => { type: string; name: string } | undefined>().default(() => () => undefined),
      /**
       * What in legacy says that somebody works in the product: a name, and SQL for legacy that gives their legacy user ids in a column `id`.
       * `rehome plan` lists everybody of whom these and `practice` do not say the same.
       */
      practiceSigns: z.record(z.string(), z.string()).default({}),
    }),
    /** Roles that WorkOS must know, with their permissions; `ownerRole` is given to everyone in the own organizations. */
    workosRoles: z.record(z.string(), z.strictObject({ name: z.string(), permissions: z.array(z.string()) })),
    ownerRole: z.string(),
    /** What Clerk keeps of users and nobody misses, as paths (`private.stripeId`, `unsafe`, `locale`): not listed as a loss. */
    dropMetadata: z.array(z.string()).default([]),
    /** People who are held or refused and may stay behind, each by legacy id, with who decided it and why; recorded in the ledger. */
    accept: z.array(z.strictObject({ id: z.string().min(1), by: z.string().min(1), because: z.string().min(1) })).default([]),
    /** While people exchange addresses, one is parked at `<row id>@<domain>`: a domain that takes no mail. */
    parkingDomain: z.string().default("parked.invalid"),
  }),
  /**
   * Statements that write tables of the target from the ledger: `upsert` once per person before any row, `guests` after new guests appeared.
   * `adoptGuests` writes `rehome.guest` from the target before that: guests whom the product itself booked there. `practices` is a query that says
   * whose practices the target holds, so that a way back notes those that the product made: `user_id`, `organization_id`, `membership_id`, `type`, `name`.
   */
  people: z.strictObject({
    upsert: z.array(statement),
    guests: z.array(statement),
    adoptGuests: z.array(statement).default([]),
    practices: z.string().optional(),
    /**
     * Statements that take away, after the rows, what `upsert` wrote for people who do not move any more: ids that `rehome.rejudge` names
     * (`workos_user_ids`, `workos_organization_ids`) and no row of `rehome.identity` has.
     */
    remove: z.array(statement).default([]),
  }),
  tables: z.record(z.string(), tableMapping),
  /** Statements that fill tables of the target from other tables of the target, after the rows (such as set-up flags). Each may be run again. */
  derive: z.array(statement).default([]),
  /** Legacy rows that stay for a stated reason: table (of another schema than `public`: `schema.table`) → reason. They are fenced at the switch. */
  stays: z.record(z.string(), z.string()).default({}),
  /**
   * The longest time, in milliseconds, in which writes may be refused by a freeze; the server of the side that serves ends it then, whatever
   * becomes of the mover. What is done inside (drain, prove) must fit into it.
   */
  maxFreezeMs: z.number().int().min(100).max(600_000).default(5_000),
  proofs: z.array(z.strictObject({ name: z.string(), prove: callback<(context: ProofContext) => Promise<Proof>>() })).default([]),
  monthlyCost: z.strictObject({ before: z.number(), after: z.number(), currency: z.string() }).optional(),
});

export type MoveConfig = z.output<typeof move>;
export type MoveDeclaration = z.input<typeof move>;

/**
 * Declares a move: the two sides, who moves how, and where each column goes.
 *
 * @throws MoveError CONFIG_INVALID naming every field that is wrong; values are not repeated (they may be keys)
 */
export function defineMove(declaration: MoveDeclaration): MoveConfig {
  const parsed = move.safeParse(declaration);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const place = issue.path.join(".") || "the move";
    return issue.code === "unrecognized_keys" ? `${place}: unknown field ${issue.keys.join(", ")}` : `${place} ${describe(issue)}`;
  });
  throw new MoveError("CONFIG_INVALID", `rehome.config.ts: ${problems.join("; ")}.`, {
    next: "Correct these fields and run the command again.",
  });
}

function describe(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_type" ? `is missing or not of type ${issue.expected}` : issue.message;
}

/**
 * A value from the environment.
 *
 * @throws MoveError CONFIG_INVALID when it is not set or empty
 */
export function env(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new MoveError("CONFIG_INVALID", `The environment variable ${name} is not set.`, { next: `Set ${name} and run the command again.` });
}
