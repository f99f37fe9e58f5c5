import {
  createTableRelationsHelpers,
  type ExtractTablesWithRelations,
  extractTablesRelationalConfig,
  type TablesRelationalConfig,
} from "drizzle-orm";
import { type NodePgClient, NodePgSession, NodePgTransaction } from "drizzle-orm/node-postgres";
import { PgDialect, type PreparedQueryConfig } from "drizzle-orm/pg-core";
import type { QueryConfig } from "pg";
import { TenancyError } from "../errors.ts";
import type { Run } from "./transaction.ts";
import type { TypeParsers } from "./wire.ts";

export type Schema = Record<string, unknown>;

/** A Drizzle database for the length of one transaction; `transaction()` of it is a savepoint. What it throws is a TenancyError. */
export type TenantDb<S extends Schema = Record<string, never>> = NodePgTransaction<S, ExtractTablesWithRelations<S>>;

export interface DrizzleOptions<S extends Schema> {
  /** Drizzle's tables and relations, for `db.query`. */
  schema?: S;
  casing?: "snake_case" | "camelCase";
}

/** Gives a database over the statements of one transaction. Statements are never named, nothing is logged and nothing cached. */
export function drizzleOver<S extends Schema>({ schema, casing }: DrizzleOptions<S>): (run: Run) => TenantDb<S> {
  const dialect = new GuardedDialect(casing === undefined ? {} : { casing });
  const relational = schema === undefined ? undefined : relationsOf(schema);
  return (run) => {
    // Without the name that Drizzle gives a prepared statement.
    const client = {
      query: ({ text, rowMode, types }: QueryConfig & { rowMode?: string; types?: TypeParsers }, values: unknown[]) =>
        run({ text, values }, { rowMode, types }),
    } as unknown as NodePgClient;
    const session = new GuardedSession(client, dialect, relational);
    return new NodePgTransaction(dialect, session, relational) as unknown as TenantDb<S>;
  };
}

function relationsOf(schema: Schema) {
  const { tables, tableNamesMap } = extractTablesRelationalConfig<TablesRelationalConfig>(schema, createTableRelationsHelpers);
  return { fullSchema: schema, schema: tables, tableNamesMap };
}

/** Drizzle wraps what the driver threw and quotes all parameters; a column's own conversion may quote a value, too. */
class GuardedSession extends NodePgSession<Record<string, unknown>, TablesRelationalConfig> {
  override prepareQuery<T extends PreparedQueryConfig>(...args: Parameters<NodePgSession<Schema, TablesRelationalConfig>["prepareQuery"]>) {
    const prepared = super.prepareQuery<T>(...args);
    const ways = prepared as unknown as Prepared;
    for (const way of ["execute", "all"] as const) {
      const run = ways[way].bind(prepared);
      ways[way] = async (values) => {
        try {
          return await run(values);
        } catch (error) {
          throw withoutQuotes(error);
        }
      };
    }
    return prepared;
  }
}

/** Drizzle's types keep `all` to itself. */
interface Prepared {
  execute(values?: Record<string, unknown>): Promise<unknown>;
  all(values?: Record<string, unknown>): Promise<unknown>;
}

class GuardedDialect extends PgDialect {
  override sqlToQuery(...args: Parameters<PgDialect["sqlToQuery"]>) {
    try {
      return super.sqlToQuery(...args);
    } catch (error) {
      throw withoutQuotes(error);
    }
  }
}

function withoutQuotes(error: unknown): TenancyError {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof TenancyError) return at;
  const message = "A value could not be turned into a parameter, or a column's value into its type.";
  return new TenancyError("query_failed", {}, { message, next: "Compare the values with the columns of the Drizzle schema." });
}
