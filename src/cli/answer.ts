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
    process.stdout.write(
      options.json === true ? `${JSON.stringify(plain(asked.value), null, 2)}\n` : text(asked.value),
    );
  } finally {
    project.close();
  }
}

/** Maps as objects, so that they are seen in JSON. */
function plain(value: unknown): unknown {
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value;
}
