export type SchemaErrorCode = "GUARD_MISSING" | "MIGRATION_CHANGED" | "MIGRATION_FAILED" | "SCHEMA_UNSAFE";

/** Why the target schema could not be applied: what happened and to what (`message`), and what to do now (`next`). Carries no row values. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
  readonly code: SchemaErrorCode;
  readonly next: string;

  constructor(code: SchemaErrorCode, message: string, options: { next: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.next = options.next;
  }
}
