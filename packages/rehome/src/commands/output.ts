import { once } from "node:events";
import { stderr, stdout } from "node:process";
import { MultiBar, Presets } from "cli-progress";
import type { Command } from "commander";
import type { MoveConfig } from "../config/define.ts";
import { loadMove } from "../config/load.ts";
import type { Progress } from "../progress.ts";

/** The move that the command line names. */
export function moveOf(command: Command): Promise<MoveConfig> {
  return loadMove(command.optsWithGlobals<{ config: string }>().config);
}

/** One JSON document on stdout and nothing else; a contract: fields may be added, none renamed. */
export function printJson(document: unknown): void {
  stdout.write(`${JSON.stringify(document)}\n`);
}

/** The same with one list as its last field, written item by item: it may be longer than memory. */
export async function printJsonWith(document: object, field: string, items: Iterable<unknown>): Promise<void> {
  let piece = `${JSON.stringify(document).slice(0, -1)},${JSON.stringify(field)}:[`;
  let separator = "";
  for (const item of items) {
    piece += separator + JSON.stringify(item);
    separator = ",";
    if (piece.length < 65_536) continue;
    if (!stdout.write(piece)) await once(stdout, "drain");
    piece = "";
  }
  stdout.write(`${piece}]}\n`);
}

export function printLine(text = ""): void {
  stdout.write(`${text}\n`);
}

/** Columns aligned by their widest cell; numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[], indent = "  "): string {
  const shown = rows.map((row) => row.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en-US") : cell)));
  const widths = (shown[0] ?? []).map((_, column) => Math.max(...shown.map((row) => (row[column] ?? "").length)));
  return shown
    .map((row, index) => {
      const cells = row.map((cell, column) =>
        typeof rows[index]?.[column] === "number" ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      );
      return `${indent}${cells.join("  ")}`.trimEnd();
    })
    .join("\n");
}

const colours = stdout.isTTY && !process.env["NO_COLOR"];
const paint = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
export const green = paint(32);
export const red = paint(31);
export const yellow = paint(33);

export const seconds = (value: number): string => (value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`);

/** Where there is no terminal, how often a line says how fast it goes. */
const LINE_MS = 10_000;

/**
 * Progress on stderr: bars on a terminal, plain lines elsewhere, so that stdout stays clean for results.
 *
 * @param verb stands before every line
 */
export function progressFor(verb: string): Progress & { end(): void } {
  if (!stderr.isTTY) {
    let notedAt = performance.now();
    return {
      step: (name) => stderr.write(`${verb}: ${name}\n`),
      advance: (what, done, total, note) => {
        const isDue = note !== undefined && performance.now() - notedAt >= LINE_MS;
        if (done !== total && !isDue) return;
        notedAt = performance.now();
        stderr.write(`${verb}: ${done} of ${total} ${what}${isDue ? `, ${note}` : ""}\n`);
      },
      end: () => {},
    };
  }
  const bars = new MultiBar(
    { stream: stderr, hideCursor: true, clearOnComplete: false, format: `  {what} {bar} {value}/{total}  {note}` },
    Presets.shades_classic,
  );
  const open = new Map<string, ReturnType<typeof bars.create>>();
  return {
    step: (name) => bars.log(`${verb}: ${name}\n`),
    advance: (what, done, total, note = "") => {
      const bar = open.get(what) ?? bars.create(total, 0, { what: what.padEnd(10), note });
      open.set(what, bar);
      bar.setTotal(total);
      bar.update(done, { note });
    },
    end: () => bars.stop(),
  };
}

/** Runs a long piece of work with progress that ends whatever happens. */
export async function withProgress<T>(verb: string, work: (progress: Progress) => Promise<T>): Promise<T> {
  const progress = progressFor(verb);
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}
