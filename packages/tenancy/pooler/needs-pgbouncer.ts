import { findPgBouncer } from "./pgbouncer.ts";

/** Before any test: one sentence instead of a failure in each. */
export default function setup(): void {
  try {
    findPgBouncer();
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
