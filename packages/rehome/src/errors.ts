/** Stable codes: programs switch on them, people read the sentence. */
export type MoveErrorCode =
  | "CONFIG_INVALID"
  | "CONFIG_FUNCTION_FAILED"
  | "EXPORT_INVALID"
  | "CLERK_UNREACHABLE"
  | "CLERK_REFUSED"
  | "WORKOS_UNREACHABLE"
  | "WORKOS_REFUSED"
  | "DATABASE_UNREACHABLE"
  | "DATABASE_REFUSED"
  | "POSTGRES_TOO_OLD"
  | "QUERY_FAILED"
  | "MAPPING_INCOMPLETE"
  | "TARGET_NOT_OURS"
  | "LEDGER_MISSING"
  | "PHASE_REFUSED"
  | "FENCED"
  | "GATE_CLOSED"
  | "CHANGES_OUTRUN"
  | "FREEZE_BLOCKED"
  | "FREEZE_EXPIRED"
  | "FILE_UNWRITABLE";

export interface MoveErrorOptions {
  /** What to do now, as a sentence with the command. */
  next: string;
  cause?: unknown;
  /** True when the same call may succeed a little later. */
  retry?: boolean;
  /** The code with which WorkOS or the database refused what concerns one person, such as `email_not_available` or `22P05`. */
  refusal?: string;
}

/** The one error of the mover: what happened and to what (`message`), and what to do next (`next`). Never carries row values. */
export class MoveError extends Error {
  override readonly name = "MoveError";
  readonly code: MoveErrorCode;
  readonly next: string;
  readonly retry: boolean;
  readonly refusal: string | undefined;

  constructor(code: MoveErrorCode, message: string, options: MoveErrorOptions) {
    super(message, { cause: options.cause });
    this.code = code;
    this.next = options.next;
    this.retry = options.retry ?? false;
    this.refusal = options.refusal;
  }
}

/**
 * Runs a function that the config gives, such as `target.applySchema`.
 *
 * What it throws may quote anything. Passed on are errors that say by a field `next` that they were written for an operator; of any other only
 * the name and the SQLSTATE.
 *
 * @throws MoveError CONFIG_FUNCTION_FAILED
 */
export async function fromConfigFunction<T>(field: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof MoveError) throw error;
    const { name, message, next, code } = error as { name?: unknown; message?: unknown; next?: unknown; code?: unknown };
    if (typeof next === "string" && typeof message === "string")
      throw new MoveError("CONFIG_FUNCTION_FAILED", `${field} failed: ${message}`, { next });
    const said = [name, code].filter((word) => typeof word === "string" && /^\w+$/.test(word)).join(" ");
    throw new MoveError("CONFIG_FUNCTION_FAILED", `${field} of rehome.config.ts threw ${said || "something"}.`, {
      next: "Mend that function, then run the same command again: it goes on where it stopped.",
      cause: error,
    });
  }
}
