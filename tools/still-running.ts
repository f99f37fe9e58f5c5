import type { Reporter, TestModule } from "vitest/node";

const TOO_LONG_MS = 5 * 60_000;

/** Names each minute the files that have been running for more than five: a test that blocks its worker is out of reach of every timeout. */
export default class StillRunning implements Reporter {
  private readonly since = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  onTestRunStart(): void {
    this.timer = setInterval(() => this.tell(), 60_000);
    this.timer.unref();
  }

  onTestModuleStart(module: TestModule): void {
    this.since.set(module.relativeModuleId, Date.now());
  }

  onTestModuleEnd(module: TestModule): void {
    this.since.delete(module.relativeModuleId);
  }

  onTestRunEnd(): void {
    clearInterval(this.timer);
  }

  private tell(): void {
    for (const [file, start] of this.since) {
      const ms = Date.now() - start;
      if (ms > TOO_LONG_MS) process.stdout.write(`Still running after ${Math.round(ms / 60_000)} minutes: ${file}\n`);
    }
  }
}
