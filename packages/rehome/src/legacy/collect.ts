import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const EVERY = 500;
const ENOUGH_BYTES = 40_000_000;

/**
 * Lets a reading of many people keep its memory: V8 collects what is no longer used only when the heap has grown, and lets it grow while it grows. Called
 * once a person; now and then it has the garbage collected as soon as there is some.
 */
export function createCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let [passed, floor] = [0, ENOUGH_BYTES];
  return () => {
    passed += 1;
    if (passed % EVERY !== 0 || getHeapStatistics().used_heap_size < floor) return;
    collect();
    // What is in use for good does not make every later call collect.
    floor = Math.max(ENOUGH_BYTES, getHeapStatistics().used_heap_size + 10_000_000);
  };
}
