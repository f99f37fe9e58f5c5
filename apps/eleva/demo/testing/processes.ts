import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createConnection } from "node:net";

/** A process and all that it started, read from Linux's /proc. */
export function processTree(root: number): number[] {
  const childrenByParent = new Map<number, number[]>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const [, parent] = statOf(Number(pid)) ?? [];
    if (parent !== undefined) childrenByParent.set(Number(parent), [...(childrenByParent.get(Number(parent)) ?? []), Number(pid)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(childrenByParent.get(pid) ?? []));
  return tree;
}

/** Whether it still runs; one that ended and was not yet asked for its exit code does not. */
export function runs(pid: number): boolean {
  const [state] = statOf(pid) ?? ["X"];
  return state !== "Z" && state !== "X";
}

/** TCP ports on which one of these processes listens. */
export function portsOf(pids: readonly number[]): number[] {
  const sockets = new Set(pids.flatMap(socketsOf));
  const rows = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => readFileSync(file, "utf8").trim().split("\n").slice(1));
  const listening = rows.map((row) => row.trim().split(/\s+/)).filter((row) => row[3] === "0A" && sockets.has(row[9] ?? ""));
  return [...new Set(listening.map((row) => Number.parseInt(row[1]?.split(":")[1] ?? "", 16)))];
}

export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** State and parent; undefined when there is no such process. */
function statOf(pid: number): string[] | undefined {
  try {
    // The name in brackets may hold anything, so what counts begins behind the last bracket.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ");
  } catch {
    return undefined;
  }
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
