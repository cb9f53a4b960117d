import { Command } from 'commander';
import { candidates, type Names } from '../completion/candidates.ts';
import { openProjectHere, type PipelineOptions } from '../options/project-options.ts';

/**
 * Called by the scripts of `pipeline completion` at every Tab: prints a line for each candidate, value and
 * description.
 */
export function completeCommand(): Command {
  return new Command('complete')
    .description('Print what can follow on a command line; the last word is being typed.')
    .argument('[words...]')
    .action(async (words: readonly string[], _options: unknown, { parent }: Command) => {
      if (parent === null) return;
      // A word being typed may begin with an open quote, which does not count.
      const found = await candidates(
        parent,
        words.map((word) => word.replace(/^["']/, '')),
        pipelineNames,
      );
      process.stdout.write(
        found.map(({ value, description }) => `${value}\t${description.replaceAll(/\s+/g, ' ')}\n`).join(''),
      );
    });
}

/** A pipeline file that cannot be read names nothing. */
async function pipelineNames(options: PipelineOptions): Promise<Names> {
  const project = await openProjectHere(options, () => undefined);
  try {
    const graph = await project.graph({ patterns: [], mode: 'needs' });
    const instances = graph.ok ? graph.value.instances : [];
    return {
      stages: [
        ...new Map(
          instances.map(({ stage, description }) => [stage, { value: stage, description }]),
        ).values(),
      ],
      instances: instances.map(({ instance, description }) => ({ value: instance, description })),
    };
  } finally {
    project.close();
  }
}
