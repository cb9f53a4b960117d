import type { Result } from '../../result.ts';
import type { Problem, Project } from '../../runner/project.ts';
import { inReadingOrder } from '../../runner/wording/printable.ts';
import { openProjectHere, type PipelineOptions } from '../options/project-options.ts';
import { printJson } from './print-json.ts';
import { reportProblem } from './report-problem.ts';

/**
 * The common part of all read-only commands: queries the project, then prints the answer on stdout, as JSON
 * or for people. A problem goes to stderr and into the exit code. `text` imports lazily, since a run with
 * nothing to do must not load it.
 */
export async function answer<T extends object>(
  options: PipelineOptions,
  ask: (project: Project) => Promise<Result<T, Problem>>,
  text: (value: T) => string | Promise<string>,
  json: (value: T) => object = (value) => value,
): Promise<void> {
  const project = await openProjectHere(options);
  try {
    const answered = await ask(project);
    if (!answered.ok) return reportProblem(answered.error, options);
    if (options.json === true) printJson(json(answered.value));
    else process.stdout.write(inReadingOrder(await text(answered.value)));
  } finally {
    project.close();
  }
}
