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
  | "FILE_UNWRITABLE";

export interface MoveErrorOptions {
  /** What to do now, as a sentence with the command. */
  next: string;
  cause?: unknown;
  /** True when the same call may succeed a little later. */
  retry?: boolean;
}

/** The one error of the mover: what happened and to what (`message`), and what to do next (`next`). Never carries row values. */
export class MoveError extends Error {
  override readonly name = "MoveError";
  readonly code: MoveErrorCode;
  readonly next: string;
  readonly retry: boolean;

  constructor(code: MoveErrorCode, message: string, options: MoveErrorOptions) {
    super(message, { cause: options.cause });
    this.code = code;
    this.next = options.next;
    this.retry = options.retry ?? false;
  }
}
