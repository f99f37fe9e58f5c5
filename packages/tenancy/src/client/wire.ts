import pg from "pg";

/** One statement, always unnamed, by the extended protocol. */
export interface Statement {
  text: string;
  values?: readonly unknown[];
}

/** How the rows of a flight's last statement come; Drizzle asks for arrays and dates as text. */
export interface RowShape {
  rowMode?: string | undefined;
  types?: TypeParsers | undefined;
}

/** What came of a flight. A statement that fails takes all behind it along: the server skips them unread. */
export interface Flown {
  /** How many statements were done. */
  done: number;
  /** Undefined when all were. */
  failure: unknown;
  /** The connection's state is not known any more; it must be thrown away. */
  broken: boolean;
  /** First column of the first row, as text, by statement; not of the last, whose rows are in `result`. */
  firsts: readonly (string | null | undefined)[];
  result: { command: string; rowCount: number | null; rows: unknown[] };
}

export interface Wire {
  /** After the last answer: I outside a transaction, T inside, E inside a failed one; undefined when nobody has listened yet. */
  status(): string | undefined;
  /** Sends the statements together, each in a message of its own, with one Sync behind the last: one round trip. Never rejects. */
  fly(statements: readonly Statement[], shape?: RowShape): Promise<Flown>;
}

/** What a pool of `pg` or of `@neondatabase/serverless` hands out; their types differ in what does not matter here. */
export interface TenancyClient {
  release(destroy?: Error | boolean): void;
}

export interface TenancyPool {
  connect(): Promise<TenancyClient>;
  on(event: "error", listener: () => void): unknown;
  listenerCount(event: "error"): number;
  /** How many connections it has, how many of them nobody uses, and how many it may have. A pool that does not say lets nested calls wait. */
  readonly totalCount?: number;
  readonly idleCount?: number;
  readonly options?: { readonly max?: number | undefined };
}

/** A value that has no form in the protocol, such as an object that contains itself. */
export class UnfitParameter extends Error {
  override readonly name = "UnfitParameter";
}

/** The wire of a connection, made once: it listens to how each answer ends. */
export function wireOf(client: TenancyClient): Wire {
  const known = wires.get(client);
  if (known) return known;
  const wire = makeWire(client as TenancyClient & InnerClient);
  wires.set(client, wire);
  return wire;
}

const wires = new WeakMap<TenancyClient, Wire>();

function makeWire(client: TenancyClient & InnerClient): Wire {
  if (!client.connection) throw new TypeError("The pool's connections do not speak the protocol in JavaScript (pg-native cannot be used).");
  let status = client.getTransactionStatus?.() ?? undefined;
  let flight: Flight | undefined;
  // The driver hands an error on before the server says in what state it left the transaction; that comes with ReadyForQuery.
  client.connection.on("readyForQuery", (message?: { status?: string }) => {
    status = message?.status;
    flight?.answered();
  });
  client.connection.on("end", () => flight?.lost());
  return {
    status: () => status,
    fly(statements, shape = {}) {
      return new Promise<Flown>((resolve) => {
        let messages: Message[];
        try {
          messages = statements.map(({ text, values = [] }) => ({ text, values: values.map(prepareValue) }));
        } catch {
          resolve({ done: 0, failure: new UnfitParameter(), broken: false, firsts: [], result: emptyResult() });
          return;
        }
        flight = makeFlight(messages, { rowMode: shape.rowMode, types: shape.types ?? client }, (flown) => {
          flight = undefined;
          resolve(flown);
        });
        client.query(flight);
      });
    },
  };
}

interface Message {
  text: string;
  values: unknown[];
}

interface Flight {
  submit(connection: InnerConnection): null;
  /** A ReadyForQuery came; after an error the driver tells nobody else. */
  answered(): void;
  lost(): void;
  /** The driver puts its own in its place when it has a query_timeout. */
  callback(): void;
}

/**
 * A query object as `pg` takes it (pg-cursor is another): it writes its own messages and is told the answers. Having pg.Query as its prototype
 * lets it pass where a pipelining client wants no foreign class; that is about portals left open, and none is here.
 */
function makeFlight(
  messages: readonly Message[],
  shape: { rowMode: string | undefined; types: TypeParsers },
  done: (flown: Flown) => void,
) {
  const result = emptyResult(shape.rowMode, shape.types);
  const last = messages.length - 1;
  const firsts: (string | null | undefined)[] = [];
  let count = 0;
  let failure: unknown;
  let landed = false;
  const end = (broken: boolean) => {
    if (landed) return;
    landed = true;
    flight.callback();
    done({ done: count, failure, broken, firsts, result });
  };
  const flight: Flight = Object.assign(Object.create(pg.Query.prototype) as object, {
    submit(connection: InnerConnection) {
      connection.stream.cork?.();
      try {
        for (const [index, { text, values }] of messages.entries()) {
          connection.parse({ text, name: "", types: [] }, true);
          connection.bind({ portal: "", statement: "", values, binary: false, valueMapper: itself }, true);
          if (index === last) connection.describe({ type: "P", name: "" }, true);
          connection.execute({ portal: "", rows: 0 }, true);
        }
        connection.sync();
      } finally {
        connection.stream.uncork?.();
      }
      return null;
    },
    answered() {
      if (failure !== undefined) end(false);
    },
    lost() {
      failure ??= new Error("The connection ended.");
      end(true);
    },
    handleRowDescription(message: { fields: unknown[] }) {
      result.addFields(message.fields);
    },
    handleDataRow({ fields }: { fields: (string | null)[] }) {
      if (count < last) firsts[count] ??= fields[0] ?? null;
      else if (failure === undefined) {
        try {
          result.addRow(result.parseRow(fields));
        } catch {
          failure = new UnfitParameter(); // a type's parser: what it says may quote the row
        }
      }
    },
    handleCommandComplete(message: unknown) {
      if (count === last) result.addCommandComplete(message);
      count++;
    },
    handleEmptyQuery() {
      count++;
    },
    handlePortalSuspended() {},
    /** Refuses COPY FROM STDIN. The Sync already sent was read as data and ignored, hence another. */
    handleCopyInResponse(connection: InnerConnection) {
      connection.sendCopyFail("no data");
      connection.sync();
    },
    handleCopyData() {},
    handleReadyForQuery() {
      end(false);
    },
    handleError(error: unknown) {
      failure ??= error;
      // What the server said goes on to ReadyForQuery or to the end of the connection; anything else is the connection's own trouble.
      if (!isServerError(error)) end(true);
    },
    callback() {},
    values: undefined,
    text: "",
  });
  return flight;
}

function isServerError(error: unknown): boolean {
  return typeof error === "object" && error !== null && typeof (error as { severity?: unknown }).severity === "string";
}

function itself(value: unknown): unknown {
  return value;
}

// What `pg` and its kin have and their types do not say.

export interface TypeParsers {
  getTypeParser(oid: number, format?: string): unknown;
}

interface InnerConnection {
  stream: { cork?: () => void; uncork?: () => void };
  parse(message: object, more: boolean): void;
  bind(message: object, more: boolean): void;
  describe(message: object, more: boolean): void;
  execute(message: object, more: boolean): void;
  sync(): void;
  sendCopyFail(reason: string): void;
  on(event: "readyForQuery" | "end", listener: (message?: { status?: string }) => void): void;
}

interface InnerClient extends TypeParsers {
  connection: InnerConnection;
  query(flight: Flight): unknown;
  getTransactionStatus?: () => string | null;
}

interface ResultBuilder {
  command: string;
  rowCount: number | null;
  rows: unknown[];
  addFields(fields: unknown[]): void;
  parseRow(fields: unknown[]): unknown;
  addRow(row: unknown): void;
  addCommandComplete(message: unknown): void;
}

function emptyResult(rowMode?: string, types?: TypeParsers): ResultBuilder {
  return new (pg.Result as unknown as new (rowMode?: string, types?: TypeParsers) => ResultBuilder)(rowMode, types);
}

const { prepareValue } = (pg as unknown as { utils: { prepareValue: (value: unknown) => unknown } }).utils;
