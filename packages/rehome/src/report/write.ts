import { renameSync, writeFileSync } from "node:fs";
import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import { withConnection } from "../postgres/connect.ts";
import { renderReport } from "./html.ts";
import { readReport } from "./read.ts";

/** Writes the report as one HTML file; a reader never sees half of it. */
export async function writeReport(config: MoveConfig, path: string): Promise<void> {
  const html = await withConnection(config.target.mover, "target", async (target) => renderReport(await readReport(target, config)));
  try {
    writeFileSync(`${path}.part`, html);
    renameSync(`${path}.part`, path);
  } catch (error) {
    throw new MoveError(
      "FILE_UNWRITABLE",
      `The report could not be written to ${path} (${(error as { code?: string }).code ?? "no code"}).`,
      {
        next: "Name a folder that exists and can be written, with --out.",
      },
    );
  }
}
