import { describe, expect, test } from 'vitest';
import type { GraphStage } from '../../src/ui/api.ts';
import { graphLayout, related, shownStages } from '../../src/ui/page/charts/graph-layout.ts';

const stage = (name: string, count: number): GraphStage => ({
  stage: name,
  description: '',
  instances: Array.from({ length: count }, (_, index) => ({
    instance: `${name}[${index}]`,
    state: 'up-to-date',
    because: [],
    after: [],
  })),
});

describe('the positions of stages', () => {
  const stages = [stage('data', 2), stage('train', 14), stage('eval', 1000), stage('report', 1)];
  const edges = [
    { from: 'data[0]', to: 'train[0]' },
    { from: 'train[0]', to: 'eval[0]' },
    { from: 'data[0]', to: 'eval[0]' },
    { from: 'eval[0]', to: 'report[0]' },
  ];
  const layout = graphLayout({ stages, edges, awaited: [] });

  test('are to the right of all their inputs, without overlap', () => {
    const x = (name: string): number => layout.boxes.find((box) => box.stage === name)?.x ?? NaN;
    for (const { from, to } of layout.lines) expect(x(from)).toBeLessThan(x(to));
    for (const [index, one] of layout.boxes.entries())
      for (const other of layout.boxes.slice(index + 1))
        expect(
          one.x + one.width <= other.x ||
            other.x + other.width <= one.x ||
            one.y + one.height <= other.y ||
            other.y + other.height <= one.y,
        ).toBe(true);
  });

  test('few instances by name, many as squares; each line once, without one that others imply', () => {
    expect(layout.boxes.map(({ isList }) => isList)).toEqual([true, true, false, true]);
    expect(layout.lines.map(({ from, to }) => `${from} ${to}`)).toEqual([
      'data train',
      'train eval',
      'eval report',
    ]);
  });

  test('stages in a cycle end the layout, and are drawn', () => {
    const round = graphLayout({
      awaited: [],
      stages: [stage('a', 2), stage('b', 2)],
      edges: [
        { from: 'a[0]', to: 'b[0]' },
        { from: 'b[1]', to: 'a[1]' },
      ],
    });
    expect(round.boxes).toHaveLength(2);
  });

  test('instances known after a list are in its stage or in a separate one, with a dashed line', () => {
    const awaited = [
      { name: 'split[*]', after: ['list[0]'] },
      { name: 'merge', after: ['list[0]'] },
    ];
    const graph = {
      stages: [stage('list', 1), stage('split', 1)],
      edges: [{ from: 'list[0]', to: 'split[0]' }],
      awaited,
    };
    expect(shownStages(graph).map((shown) => [shown.stage, shown.awaited.map(({ name }) => name)])).toEqual([
      ['list', []],
      ['split', ['split[*]']],
      ['merge', ['merge']],
    ]);
    const { boxes, lines } = graphLayout(graph);
    expect(lines.map(({ from, to, isAwaited }) => [from, to, isAwaited])).toEqual([
      ['list', 'split', false],
      ['list', 'merge', true],
    ]);
    const [list, split] = boxes;
    expect(split?.height).toBeGreaterThan(list?.height ?? Infinity);
    expect(boxes[2]?.x).toBe(split?.x);
  });

  test('the relatives of an instance are all its dependencies and dependents', () => {
    expect(
      [
        ...related('b', [
          { from: 'a', to: 'b' },
          { from: 'b', to: 'c' },
          { from: 'a', to: 'x' },
          { from: 'y', to: 'c' },
        ]),
      ].toSorted(),
    ).toEqual(['a', 'b', 'c']);
  });
});
