export { type AppliedSchema, applyTargetSchema } from "./schema/apply.ts";
export { SchemaError, type SchemaErrorCode } from "./schema/errors.ts";
export { schema } from "./schema/tables.ts";
