const WIDTH = 24;

/** Called after each step. */
export type Progress = (label: string, done: number, of: number) => void;

/** A bar on stderr that redraws itself; silent where stderr is no terminal. */
export function progressBar(stream: NodeJS.WriteStream = process.stderr): Progress & { end(): void } {
  const draw = (text: string) => {
    if (stream.isTTY) stream.write(`\r\x1b[2K${text}`);
  };
  const bar = (label: string, done: number, of: number) => {
    const filled = Math.round((WIDTH * done) / of);
    draw(`${"█".repeat(filled)}${"░".repeat(WIDTH - filled)} ${label} ${done}/${of}`);
  };
  return Object.assign(bar, { end: () => draw("") });
}
