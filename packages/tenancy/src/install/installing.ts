import { TenancyError, toTenancyError, withoutRowData } from "../errors.ts";

const INSUFFICIENT_PRIVILEGE = "42501";

/**
 * Runs a function of the installer. What the database refuses leaves as a TenancyError that says which function it was and keeps names and the
 * SQLSTATE, never the server's own text.
 *
 * A TypeError is a mistake in the caller's program, a file that cannot be read one in how this package was put there (a bundle without its .sql files):
 * both come through unchanged, because no database had a part in them.
 *
 * @param name of the exported function
 */
export async function installing<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TypeError || isFileError(error)) throw error;
    throw explained(name, error);
  }
}

/** A socket's failure has an errno, too, but never one of opening. */
const isFileError = (error: unknown) => error instanceof Error && (error as NodeJS.ErrnoException).syscall === "open";

function explained(name: string, error: unknown): TenancyError {
  const failed = toTenancyError(error);
  if (error instanceof TenancyError || failed.code === "unreachable") return failed;
  const facts = withoutRowData(error);
  if (facts.sqlstate === INSUFFICIENT_PRIVILEGE)
    return new TenancyError("install_refused", facts, {
      message: `${name}: the connection's role lacks a right for it (42501).`,
      next: LACKS_RIGHT,
    });
  return new TenancyError("install_refused", facts, {
    message: `${name}: the database refused a statement (SQLSTATE ${facts.sqlstate}).`,
    next: "Look the SQLSTATE up; the database's log has the statement. Nothing of the step that failed was kept.",
  });
}

const LACKS_RIGHT =
  "Connect as a superuser, or as the owner of the database with CREATEROLE and BYPASSRLS. Roles belong to the whole server: if another installer made rehome_*, authenticated or anonymous there, connect as that one, or let it grant them to this role WITH ADMIN OPTION.";
