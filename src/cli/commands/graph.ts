import { Command, Option } from 'commander';
import type { Graph } from '../../runner/project.ts';
import { answer } from '../output/answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';

export function graphCommand(): Command {
  return withPipelineOptions(new Command('graph'))
    .description('Show which instances depend on which.')
    .argument('[names...]', 'stages or instances')
    .addOption(
      new Option('--format <format>', 'output format').choices(['text', 'mermaid', 'dot']).default('text'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline graph\n  pipeline graph --format dot | dot -Tsvg > graph.svg',
    )
    .action((names: readonly string[], options: PipelineOptions & { readonly format: Format }) =>
      answer(
        options,
        (project) => project.graph({ patterns: names, mode: 'needs' }),
        (graph) => graphText(graph, options.format),
      ),
    );
}

type Format = 'text' | 'mermaid' | 'dot';

function graphText(graph: Graph, format: Format): string {
  return `${linesIn[format](graph).join('\n')}\n`;
}

const linesIn: Readonly<Record<Format, (graph: Graph) => readonly string[]>> = {
  text: ({ instances, edges }) =>
    instances.flatMap(({ instance }) => [
      instance,
      ...edges.filter(({ to }) => to === instance).map(({ from }) => `  ← ${from}`),
    ]),
  mermaid({ instances, edges }) {
    const names = new Map(instances.map(({ instance }, index) => [instance, `n${index}`]));
    return [
      'graph LR',
      ...instances.map(({ instance }) => `  ${names.get(instance)}["${instance.replaceAll('"', '#quot;')}"]`),
      ...edges.map(({ from, to }) => `  ${names.get(from)} --> ${names.get(to)}`),
    ];
  },
  dot: ({ instances, edges }) => [
    'digraph pipeline {',
    '  rankdir=LR;',
    ...instances.map(({ instance }) => `  ${JSON.stringify(instance)};`),
    ...edges.map(({ from, to }) => `  ${JSON.stringify(from)} -> ${JSON.stringify(to)};`),
    '}',
  ],
};
