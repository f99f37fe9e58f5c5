import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What takes longest: rehearsals of a whole move, and the hunter's mutants. */
const LONG = /\/apps\/eleva\/demo\/|\/hunt\/mutants\.test\.ts$/;

/** Long files first, so that no worker ends with one while the other has nothing left. On a new machine nothing is known of how long each takes. */
export default class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
