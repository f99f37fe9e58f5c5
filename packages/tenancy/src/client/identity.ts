import { TenancyError } from "../errors.ts";
import { inSchema } from "../install/sql-text.ts";
import type { KeyWait } from "./key-wait.ts";
import { payloadOf, type Tickets } from "./tickets.ts";
import type { Statement } from "./wire.ts";

/** The statements by which this client calls the guard; each has one parameter but where it says so. */
export interface GuardCalls {
  bindToken: string;
  /** Binds it as well, and answers with a ticket for it. */
  giveTicket: string;
  bindTicket: string;
  requestKeys: string;
  /** Without a parameter: fails when the identity of the transaction has ended. */
  checkIdentity: string;
}

/** @throws TenancyError install_refused when the schema's name would need quotes */
export function guardCalls(schema: string): GuardCalls {
  const call = (name: string) => inSchema(`select auth.${name}($1)`, schema);
  return {
    bindToken: call("jwt_session_init"),
    giveTicket: call("jwt_session_ticket"),
    bindTicket: call("ticket_session_init"),
    requestKeys: call("request_keys"),
    checkIdentity: inSchema("select auth.check_identity()", schema),
  };
}

/** Who a transaction is for; asked anew at each attempt to open it. */
export interface Identity {
  /** The statement that binds it. */
  step(): Statement;
  /** @param answer what the statement returned */
  bound(answer: string | null | undefined): void;
  /** Whether another attempt may succeed where this one was refused; may wait. Not asked again after a no. */
  again(refusal: TenancyError): Promise<boolean>;
  /** The statement that fails when the identity, once bound, has ended. */
  check: Statement;
  /** What the call ends with when binding or checking it after it was bound fails so; undefined where that says nothing of the token. */
  ended(refusal: TenancyError, cause: unknown): TenancyError | undefined;
}

/**
 * A token, which the database verifies; or, while there is one, the ticket it gave for the token. Tokens and tickets are bind parameters only:
 * the text of a statement is visible to the role's other sessions.
 *
 * The refusal of a ticket is never the answer: the token is tried then. A key that the database does not know is asked for and waited for.
 *
 * @param refused told once, when nothing is left to try
 * @throws TenancyError bad_token when it is no text that can be sent
 */
export function tokenIdentity(
  token: string,
  tickets: Tickets | undefined,
  keys: KeyWait,
  calls: GuardCalls,
  refused: (refusal: TenancyError) => void,
): Identity {
  // Nothing but text may reach the database as a token, and text there holds no NUL.
  if (typeof token !== "string" || token.includes("\0")) {
    const refusal = new TenancyError("bad_token");
    refused(refusal);
    throw refusal;
  }
  let ticket: string | undefined;
  let ticketRefused = false;
  let waits = 0;
  return {
    step() {
      ticket = ticketRefused ? undefined : tickets?.of(token);
      if (ticket !== undefined) return { text: calls.bindTicket, values: [ticket] };
      return { text: tickets ? calls.giveTicket : calls.bindToken, values: [token] };
    },
    bound(answer) {
      if (tickets && ticket === undefined && answer) tickets.keep(token, answer);
    },
    async again(refusal) {
      if (ticket !== undefined) {
        tickets?.drop(token);
        ticketRefused = true;
        return true;
      }
      const { iss } = payloadOf(token);
      if (refusal.code === "unknown_key" && typeof iss === "string" && (await keys.step(iss, waits++))) return true;
      refused(refusal);
      return false;
    },
    check: { text: calls.checkIdentity },
    ended(refusal, cause) {
      const { code, sqlstate } = refusal;
      if (code !== "expired" && code !== "revoked") return undefined;
      const ended = new TenancyError(code, { sqlstate }, { message: ENDED[code] });
      if (cause !== undefined) ended.cause = cause;
      refused(ended);
      return ended;
    },
  };
}

const ENDED = {
  expired: "The token expired during the call; nothing was committed.",
  revoked: "The session of the token was revoked during the call; nothing was committed.",
};
