import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MoveError } from "../errors.ts";
import type { MoveConfig } from "./define.ts";

/**
 * Loads a move from its config file. Read when a verb starts, never at import.
 *
 * @throws MoveError CONFIG_INVALID when the file is missing, throws, or exports no move
 */
export async function loadMove(path: string): Promise<MoveConfig> {
  const file = resolve(path);
  if (!existsSync(file)) {
    throw new MoveError("CONFIG_INVALID", `There is no config file ${path}.`, {
      next: "Run the command in the folder of rehome.config.ts, or name the file with --config.",
    });
  }
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (error) {
    if (error instanceof MoveError) throw error;
    // Node's own errors about a module name files and syntax; anything that the file itself throws may quote its environment.
    const ofNode = error instanceof SyntaxError || String((error as { code?: unknown }).code).startsWith("ERR_");
    const why = ofNode ? (error as Error).message.replace(/\.$/, "") : `it throws ${(error as { name?: string })?.name ?? "something"}`;
    throw new MoveError("CONFIG_INVALID", `${path} cannot be loaded: ${why}.`, {
      next: "Correct the file and run the command again.",
      cause: error,
    });
  }
  const move = typeof loaded.default === "function" ? await callConfig(path, loaded.default as () => unknown) : loaded.default;
  if (typeof move === "object" && move !== null && "tables" in move) return move as MoveConfig;
  throw new MoveError("CONFIG_INVALID", `${path} has no default export made by defineMove().`, {
    next: "Write `export default defineMove({ … })`.",
  });
}

/** The config is a function so that the environment is read now; what it throws may quote that, so only the place is told. */
async function callConfig(path: string, config: () => unknown): Promise<unknown> {
  try {
    return await config();
  } catch (error) {
    if (error instanceof MoveError) throw error;
    const { name, stack } = error as { name?: string; stack?: string };
    const line = stack?.match(new RegExp(`${basename(path).replaceAll(".", "\\.")}:(\\d+)`))?.[1];
    throw new MoveError("CONFIG_INVALID", `${path} throws ${name ?? "something"}${line ? ` in line ${line}` : ""}.`, {
      next: "Correct the file, or the environment variable that is read there, and run the command again.",
      cause: error,
    });
  }
}
