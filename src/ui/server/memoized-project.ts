import type { Result } from '../../result.ts';
import type { Problem, Project, Selection } from '../../runner/project.ts';
import { everything } from './answers/graph.ts';

/**
 * A project that caches all reads. A report queries every instance by name, and must show one consistent
 * state.
 */
export function memoizedProject(project: Project): Project {
  const graph = once(() => project.graph(everything));
  const explanations = once(() => project.explanations(everything));
  return {
    ...project,
    graph,
    explain: async (name) => {
      const all = await explanations();
      const found = all.ok ? all.value.find(({ instance }) => instance === name) : undefined;
      return found === undefined ? project.explain(name) : { ok: true, value: found };
    },
    artifacts: selected(once(() => project.artifacts(everything))),
    results: selected(once(() => project.results(everything))),
    metrics: selected(once(() => project.metrics(everything))),
  };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}

const selected =
  <T extends { readonly instance: string }>(ask: () => Promise<Result<readonly T[], Problem>>) =>
  async ({ patterns, mode }: Selection): Promise<Result<readonly T[], Problem>> => {
    const all = await ask();
    return all.ok && mode === 'only'
      ? { ok: true, value: all.value.filter(({ instance }) => patterns.includes(instance)) }
      : all;
  };
