import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Tests of models last: they fill the memory of a worker, and to start a process takes the system longer the
 * more memory its parent has (5 ms for 300 MB, 16 ms for 1 GB), which the tests of the runner do all the time.
 */
export class ModelTestsLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter((file) => !isOfModels(file)), ...sorted.filter(isOfModels)];
  }
}

const isOfModels = ({ moduleId }: TestSpecification): boolean => rooms.test(moduleId);

const rooms =
  /\/tests\/(autodiff|checkpoint|dataset|evaluate|formats|generate|memory|metrics|model|nano|runtime|stages|tensor|text|train|trained)\//;
