import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { BcryptTask } from "./bcrypt-worker.ts";

interface Slot {
  worker: Worker;
  waiting: Map<number, (matches: boolean) => void>;
}

const MOST_WORKERS = 4;
const slots: Slot[] = [];
let lastId = 0;

/**
 * Compares a password with a bcrypt hash (about 70 ms at cost 10) in a worker thread, so that other requests are served meanwhile.
 *
 * Workers are made when first needed and do not keep the process alive.
 */
export function bcryptMatches(password: string, hash: string): Promise<boolean> {
  const idle = slots.find((slot) => slot.waiting.size === 0);
  const mayGrow = slots.length < Math.min(MOST_WORKERS, availableParallelism());
  const slot = idle ?? (mayGrow ? newSlot() : slots.toSorted((a, b) => a.waiting.size - b.waiting.size)[0]) ?? newSlot();
  lastId += 1;
  const task: BcryptTask = { id: lastId, password, hash };
  return new Promise((resolve) => {
    slot.waiting.set(task.id, resolve);
    slot.worker.ref();
    slot.worker.postMessage(task);
  });
}

function newSlot(): Slot {
  const slot: Slot = { worker: new Worker(new URL("bcrypt-worker.ts", import.meta.url)), waiting: new Map() };
  slot.worker.on("message", ({ id, matches }: { id: number; matches: boolean }) => {
    slot.waiting.get(id)?.(matches);
    slot.waiting.delete(id);
    if (slot.waiting.size === 0) slot.worker.unref();
  });
  slot.worker.unref();
  slots.push(slot);
  return slot;
}
