import { Command, Option } from 'commander';
import type { Graph } from '../../runner/project.ts';
import { joinFirst } from '../../runner/wording/join-first.ts';
import { answer } from '../output/answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';

/** `pipeline graph`. */
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
  text: ({ instances, edges, awaited, leftOut }) => [
    ...instances.flatMap(({ instance, frozen }) => [
      frozen === true ? `${instance}  (frozen)` : instance,
      ...edges.filter(({ to }) => to === instance).map(({ from }) => `  ← ${from}`),
    ]),
    ...awaited.map(({ name, after }) => `${name}  (known after ${joinFirst(after, 3)})`),
    ...leftOut.map(({ instance, condition }) => `${instance}  (left out: its stage has when: ${condition})`),
  ],
  mermaid({ instances, edges, awaited, leftOut }) {
    const nodes = [
      ...instances.map(({ instance, frozen }) => ({
        name: instance,
        mark: frozen === true ? ' (frozen)' : '',
      })),
      ...awaited.map(({ name }) => ({ name, mark: '' })),
      ...leftOut.map(({ instance }) => ({ name: instance, mark: ' (left out)' })),
    ];
    const names = new Map<string, string>(nodes.map(({ name }, index) => [name, `n${index}`]));
    return [
      'graph LR',
      ...nodes.map(({ name, mark }) => `  ${names.get(name)}["${name.replaceAll('"', '#quot;')}${mark}"]`),
      ...leftOut.map(({ instance }) => `  style ${names.get(instance)} stroke-dasharray: 4 4`),
      ...edges.map(({ from, to }) => `  ${names.get(from)} --> ${names.get(to)}`),
      ...awaitedEdges(awaited).map(({ from, to }) => `  ${names.get(from)} -.-> ${names.get(to)}`),
    ];
  },
  dot: ({ instances, edges, awaited, leftOut }) => [
    'digraph pipeline {',
    '  rankdir=LR;',
    ...instances.map(({ instance, frozen }) =>
      frozen === true ? dotNode(instance, 'frozen', 'solid') : `  ${JSON.stringify(instance)};`,
    ),
    ...leftOut.map(({ instance }) => dotNode(instance, 'left out', 'dotted')),
    ...awaited.map(({ name }) => `  ${JSON.stringify(name)} [style=dashed];`),
    ...edges.map(({ from, to }) => `  ${JSON.stringify(from)} -> ${JSON.stringify(to)};`),
    ...awaitedEdges(awaited).map(
      ({ from, to }) => `  ${JSON.stringify(from)} -> ${JSON.stringify(to)} [style=dashed];`,
    ),
    '}',
  ],
};

const dotNode = (instance: string, mark: string, style: string): string =>
  `  ${JSON.stringify(instance)} [label=${JSON.stringify(`${instance}\n${mark}`)}, style=${style}];`;

const awaitedEdges = (awaited: Graph['awaited']): readonly { readonly from: string; readonly to: string }[] =>
  awaited.flatMap(({ name, after }) => after.map((from) => ({ from, to: name })));
