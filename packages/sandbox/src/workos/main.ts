import { createInterface } from "node:readline";
import type { WorkosTwinOptions } from "./options.ts";
import { startWorkosTwin } from "./twin.ts";

const input = createInterface({ input: process.stdin });
// The owner holds the other end: when it dies, even by SIGKILL, the twin goes too.
input.once("close", () => process.exit(0));
input.once("line", (line) => {
  void start(line);
});

async function start(line: string): Promise<void> {
  try {
    const options = (line.trim() === "" ? {} : JSON.parse(line)) as WorkosTwinOptions;
    const { stop: _, ...address } = await startWorkosTwin(options);
    process.stdout.write(`${JSON.stringify(address)}\n`);
  } catch (error) {
    const reason = error instanceof SyntaxError ? "The first line of stdin is not JSON." : (error as Error).message;
    process.stderr.write(`${reason}\nNext: write one line of JSON options, for example {}.\n`);
    process.exit(1);
  }
}
