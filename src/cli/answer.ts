import { jsonText } from '../files/json-text.ts';
import type { Result } from '../result.ts';
import type { Problem, Project } from '../runner/project.ts';
import { openProjectHere, type PipelineOptions } from './project-options.ts';
import { reportProblem } from './report-problem.ts';

/**
 * What every read-only command does: asks the project, then prints the answer on stdout, as JSON or for people. A problem
 * goes to stderr and into the exit code.
 */
export async function answer<T>(
  options: PipelineOptions,
  ask: (project: Project) => Promise<Result<T, Problem>>,
  text: (value: T) => string,
): Promise<void> {
  const project = await openProjectHere(options);
  try {
    const asked = await ask(project);
    if (!asked.ok) return reportProblem(asked.error, options);
    process.stdout.write(options.json === true ? `${jsonText(asked.value, 2)}\n` : text(asked.value));
  } finally {
    project.close();
  }
}
