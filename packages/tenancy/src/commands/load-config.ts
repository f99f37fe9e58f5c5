import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { OptionsError } from "../lint/options.ts";

export const DEFAULT_CONFIG = "tenancy.config.ts";

/** Looked for when the default one is not there: for a Node that runs no TypeScript. */
const INSTEAD = ["tenancy.config.mjs", "tenancy.config.js"];

/** What a config file exports; empty when the default file is not there. */
export type Config = Readonly<Record<string, unknown>>;

/**
 * Loads the file that `--config` names. What the file itself throws is not repeated: it may quote a secret.
 *
 * @throws OptionsError when a named file is missing or cannot be loaded
 */
export async function loadConfig(path: string): Promise<Config> {
  const file = (path === DEFAULT_CONFIG ? [path, ...INSTEAD] : [path]).map((each) => resolve(each)).find((each) => existsSync(each));
  if (file === undefined) {
    if (path === DEFAULT_CONFIG) return {};
    throw new OptionsError(`There is no config file ${path}.`, "Name an existing file with --config, or leave it out.");
  }
  try {
    return (await import(pathToFileURL(file).href)) as Config;
  } catch (error) {
    if ((error as { code?: string } | null)?.code === "ERR_UNKNOWN_FILE_EXTENSION")
      throw new OptionsError(
        `${basename(file)} cannot be loaded: Node ${process.versions.node} does not run it, or a file that it imports.`,
        "Use Node 22.18 or newer, which runs TypeScript, or write it in JavaScript (tenancy.config.mjs).",
      );
    const kind = error instanceof Error ? error.name : "something";
    throw new OptionsError(`${basename(file)} cannot be loaded: it throws ${kind}.`, "Run it with node and mend what it says.");
  }
}
