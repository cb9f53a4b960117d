import { awaitedResults } from '../awaited-results.ts';
import type { Opened } from '../open-rows.ts';
import { plansOnDisk } from '../planning/plan-here.ts';

/**
 * What the pipeline files of the project name, as "pipeline instance"; undefined with a file that cannot be
 * read.
 */
export async function namedInstances({ store, place }: Opened): Promise<ReadonlySet<string> | undefined> {
  const plans = await plansOnDisk(place, [], store);
  if (!plans.ok) return undefined;
  return new Set(
    plans.value.flatMap(({ plan }) =>
      [...plan.instances.map(({ id }) => id), ...awaitedResults(store, plan, new Set())].map(
        (id) => `${plan.pipeline} ${id}`,
      ),
    ),
  );
}
