import type { HelperPrograms } from '../../src/runner/executors/helper-programs.ts';
import { programs } from './build-programs.ts';
import { supervisorHere } from './supervisor-here.ts';

/** The built programs that a runner in this process starts, except for the supervisor, which runs here too. */
export const helpersHere = async (): Promise<HelperPrograms> => ({
  ...(await programs()),
  supervisor: supervisorHere,
});
