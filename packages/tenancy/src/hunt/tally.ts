import { ANSWERS } from "./comparisons.ts";
import type { Existence } from "./conflicts.ts";
import type { Probe } from "./probe.ts";
import { DATABASE, ROUTES, type Route } from "./routes.ts";
import type { Outcome } from "./session.ts";
import type { Cell, Finding, Limit, Matrix, Persona, Verb } from "./types.ts";

type Look = "policy" | "effect";

/** Gathers what the probes showed. */
export class Tally {
  readonly findings: Finding[] = [];
  readonly limits = new Map<string, { columns: Set<string>; personas: Set<Persona>; limit: Pick<Limit, "table" | "route" | "what"> }>();
  readonly cells = new Map<string, Cell>();
  /** By "table verb route SQLSTATE": how many probes could not be tried. */
  readonly untried = new Map<string, number>();
  /** Tables and verbs of which a probe ran; of which an allowed one went through; of which a forbidden one was refused. */
  readonly ran = new Set<string>();
  readonly wentThrough = new Set<string>();
  readonly wasRefused = new Set<string>();
  readonly called = new Set<string>();
  /** By route and place: how many statements were tried. */
  readonly routes = new Map<Route, Map<string, number>>();
  readonly tried = new Set<Persona>();
  probes = 0;
  granted = 0;
  stopped = 0;
  readonly #personas: readonly Persona[];
  readonly #tables: readonly string[];
  readonly #stopAtFirst: boolean;

  constructor(personas: readonly Persona[], tables: readonly string[], stopAtFirst: boolean) {
    this.#personas = personas;
    this.#tables = tables;
    this.#stopAtFirst = stopAtFirst;
  }

  done(): boolean {
    return this.#stopAtFirst && this.findings.length > 0;
  }

  /** What the guard said to the persona's token. */
  bound(persona: Persona, bound: string | null): void {
    this.tried.add(persona);
    if (persona.token !== undefined) this.#count("token", DATABASE);
    const expected = persona.refused ?? null;
    if (bound === expected) return;
    const kind = expected !== null && bound === null ? "leak" : "closed";
    const what = `the guard answered ${bound ?? "yes"} instead of ${expected ?? "yes"}`;
    this.#find({ kind, persona: persona.name, table: "", verb: "bind", route: "token", what });
  }

  add(persona: Persona, probe: Probe, outcome: Outcome | undefined, look: Look): void {
    if (!outcome) return;
    const judgement = probe.judge(outcome);
    const place = `${probe.table} ${probe.verb}`;
    if (judgement.is === "untried") {
      const key = `${place} ${wayOf(probe)}: ${judgement.what}`;
      this.untried.set(key, (this.untried.get(key) ?? 0) + 1);
      return;
    }
    this.probes++;
    this.#count(probe.route, probe.table);
    if (probe.granted) this.granted++;
    if (judgement.is === "stopped") this.stopped++;
    if (probe.verb === "call") this.called.add(probe.table);
    this.ran.add(place);
    const right = judgement.is === "right" || judgement.is === "stopped";
    if (right) (probe.granted ? this.wentThrough : this.wasRefused).add(place);
    else {
      const kind =
        judgement.is === "open" ? (look === "policy" ? "spare policy" : "leak") : look === "policy" ? "missing policy" : "closed";
      const { table, verb, route, way } = probe;
      this.#find({ kind, persona: persona.name, table, verb, route, ...(way === undefined ? {} : { way }), what: judgement.what });
    }
    if (look === "effect" && probe.verb !== "call" && this.#tables.includes(probe.table)) {
      const cell = this.#cell(persona.name, probe.table, probe.verb);
      cell.probes++;
      if (!right) cell.findings++;
      if (probe.counts) {
        cell.all += probe.counts.all;
        cell.allowed += probe.counts.allowed;
        cell.reached += judgement.is === "stopped" ? probe.counts.allowed : judgement.is === "right" ? (judgement.reached ?? 0) : 0;
      }
    }
  }

  quoted(persona: Persona, probe: Probe): void {
    const what = "the error quotes a value of a hidden row";
    this.#find({ kind: "leak", persona: persona.name, table: probe.table, verb: probe.verb, route: "error text", way: wayOf(probe), what });
  }

  shown(persona: Persona, { table, verb, route, way }: Probe): void {
    const what = "a value of a hidden row came back";
    this.#find({ kind: "leak", persona: persona.name, table, verb, route, ...(way === undefined ? {} : { way }), what });
  }

  /** An existence was asked for, by its two statements. */
  asked({ table, route, sqls }: Existence): void {
    this.#count(route, table, sqls.length);
  }

  limit(persona: Persona, { table, route, columns, what }: Existence): void {
    // Columns that answer comparisons are many: a line a table.
    const key = `${table} ${route} ${route === "comparison" ? what : columns.join(" ")}`;
    const found = this.limits.get(key) ?? { columns: new Set(), personas: new Set(), limit: { table, route, what } };
    this.limits.set(key, found);
    for (const column of columns) found.columns.add(column);
    found.personas.add(persona);
  }

  /** A column answered that the oracle closes. */
  answered(persona: Persona, { table, route, columns, what }: Existence): void {
    this.#find({ kind: "leak", persona: persona.name, table, verb: "select", route, way: columns.join(", "), what });
  }

  matrix(gaps: readonly string[], seconds: number): Matrix {
    return {
      holds: this.findings.length === 0 && gaps.length === 0 && this.probes > 0,
      personas: this.#personas.map(({ name }) => name),
      tables: this.#tables,
      cells: [...this.cells.values()],
      findings: this.findings,
      limits: limitsOf([...this.limits.values()]),
      gaps,
      routes: ROUTES.map((route) => {
        const counts = [...(this.routes.get(route)?.values() ?? [])];
        return {
          route,
          statements: counts.reduce((sum, count) => sum + count, 0),
          places: counts.length,
          findings: this.findings.filter((finding) => finding.route === route).length,
        };
      }),
      probes: this.probes,
      granted: this.granted,
      denied: this.probes - this.granted,
      stopped: this.stopped,
      seconds,
    };
  }

  #count(route: Route, place: string, statements = 1): void {
    const places = this.routes.get(route) ?? new Map<string, number>();
    places.set(place, (places.get(place) ?? 0) + statements);
    this.routes.set(route, places);
  }

  #find(finding: Finding): void {
    this.findings.push(finding);
  }

  #cell(persona: string, table: string, verb: Verb): Cell {
    const key = `${persona}\n${table}\n${verb}`;
    const cell = this.cells.get(key) ?? { persona, table, verb, allowed: 0, reached: 0, all: 0, probes: 0, findings: 0 };
    this.cells.set(key, cell);
    return cell;
  }
}

/** A column that answers ordering comparisons answers equality, too, and so on: what is most is said. */
function limitsOf(
  found: readonly { columns: Set<string>; personas: Set<Persona>; limit: Pick<Limit, "table" | "route" | "what"> }[],
): Limit[] {
  const order: readonly string[] = Object.values(ANSWERS);
  const said = ({ table, what }: Pick<Limit, "table" | "what">) =>
    found.filter(({ limit }) => limit.table === table && order.indexOf(limit.what) >= 0 && order.indexOf(limit.what) < order.indexOf(what));
  return found.flatMap(({ columns, personas, limit }) => {
    const more = said(limit).flatMap((one) => [...one.columns]);
    const named = limit.route === "comparison" ? [...columns].filter((column) => !more.includes(column)) : [...columns];
    return named.length === 0 ? [] : [{ ...limit, columns: named, personas: personas.size }];
  });
}

const wayOf = ({ route, way }: Probe): string => (way === undefined ? route : `${route}, ${way}`);
