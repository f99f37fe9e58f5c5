import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildProgram } from "../packages/rehome/src/commands/program.ts";

const DOCS = fileURLToPath(new URL("../docs/cli.md", import.meta.url));
const COLUMNS = 100;

if (import.meta.main) writeFileSync(DOCS, cliDocs());

/** docs/cli.md: what `rehome --help` and each `rehome <verb> --help` say. Written by `node tools/cli-docs.ts`. */
export function cliDocs(): string {
  const program = buildProgram();
  const sections = program.commands.map((command) => `## rehome ${command.name()}\n\n${helpOf(command)}`);
  return [
    "# The command line",
    "Made from the `--help` texts by `node tools/cli-docs.ts`; a test fails when they differ. Change the texts, not this page.",
    helpOf(program),
    ...sections,
    "",
  ].join("\n\n");
}

export const cliDocsAsWritten = (): string => readFileSync(DOCS, "utf8");

function helpOf(command: ReturnType<typeof buildProgram>): string {
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => COLUMNS,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}
