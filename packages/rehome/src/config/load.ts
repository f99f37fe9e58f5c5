import { existsSync } from "node:fs";
import { resolve } from "node:path";
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
    throw new MoveError("CONFIG_INVALID", `${path} cannot be loaded: ${error instanceof Error ? error.message : "it throws"}.`, {
      next: "Correct the file and run the command again.",
      cause: error,
    });
  }
  const move = typeof loaded.default === "function" ? await (loaded.default as () => unknown)() : loaded.default;
  if (typeof move === "object" && move !== null && "tables" in move) return move as MoveConfig;
  throw new MoveError("CONFIG_INVALID", `${path} has no default export made by defineMove().`, {
    next: "Write `export default defineMove({ … })`.",
  });
}
