import { digestOf } from '../../../files/digest.ts';
import type { Located, Range, Report } from '../../diagnostic.ts';
import type { MatrixBlock } from '../pipeline.ts';
import { limits, tooManyInstances } from '../yaml/guard.ts';
import {
  mapNode,
  type MapEntry,
  type MapNode,
  type Node,
  refers,
  scalarNode,
  valueOf,
} from '../yaml/node.ts';
import {
  anyMap,
  choice,
  finiteNumber,
  listOf,
  map,
  mapOf,
  matching,
  namePattern,
  optional,
  record,
  required,
  type Shape,
  wholeNumber,
} from './shape.ts';

/** `search` of a stage: an axis whose points are drawn. */
interface Search {
  readonly axis: Located<string>;
  readonly points: readonly Node[];
}

/** A value from a number in [0, 1). */
type Draw = (unit: number, at: Range) => Node;

const interval = map(
  listOf('two numbers, the lower one first', finiteNumber),
  ([low, high, ...more], { at }, report) =>
    low !== undefined && high !== undefined && more.length === 0 && low.value < high.value
      ? { low: low.value, high: high.value, at }
      : refused('expected two numbers, the lower one first', at, report),
);

const uniform = map(
  record('a value drawn uniformly', {
    uniform: required(interval, 'the lowest and the highest value'),
  }),
  ({ uniform: { low, high } }): Draw =>
    (unit, at) =>
      scalarNode(within(low + unit * (high - low), low, high), at),
);

const logUniform = map(
  record('a value drawn uniformly on a logarithmic scale', {
    logUniform: required(interval, 'the lowest and the highest value, above 0'),
  }),
  ({ logUniform: { low, high, at: place } }, _, report): Draw | undefined =>
    low <= 0
      ? refused('a logarithm needs values above 0', place, report)
      : (unit, at) => scalarNode(within(low * Math.exp(unit * Math.log(high / low)), low, high), at),
);

const oneOf = map(
  record('one of some values', {
    choice: required(
      listOf('a list of values', { schema: {}, expected: 'a value', read: (node: Node) => node }),
      'the values, all equally likely',
    ),
  }),
  ({ choice: values, at: place }, _, report): Draw | undefined => {
    if (values.length === 0) return refused('there is no value to choose', place, report);
    return (unit) => values[Math.floor(unit * values.length)] ?? { kind: 'broken', at: place };
  },
);

const drawn: Shape<Draw> = choice(
  'uniform, logUniform or choice',
  { uniform, logUniform, choice: oneOf },
  (node) =>
    node.kind === 'map' && node.entries.has('choice')
      ? 'choice'
      : node.kind === 'map' && node.entries.has('uniform')
        ? 'uniform'
        : 'logUniform',
);

/** `search`, unresolved, with its points drawn: they depend only on the seed, the names and the count. */
export const searchShape: Shape<Search> = map(
  record('a search', {
    axis: required(matching('the name of an axis', namePattern), 'the axis whose values are the points'),
    points: required(wholeNumber(1), 'how many points are drawn; raising it keeps the first ones'),
    seed: required(wholeNumber(0), 'the seed that the points are drawn from'),
    over: required(
      mapOf('a map of what is drawn', namePattern, drawn),
      'what is drawn, by name: { uniform: [low, high] }, { logUniform: [low, high] } or { choice: […] }',
    ),
    with: optional(anyMap('a map of values'), 'values that are the same in every point'),
  }),
  ({ axis, points, seed, over, with: fixed, at }, node, report) => {
    if (refers(node))
      return void report({
        severity: 'error',
        code: 'reference-not-here',
        message: 'only references to vars are allowed in a search',
        at,
      });
    const names = [...over.keys(), ...(fixed?.entries.keys() ?? [])];
    if (names.includes('name'))
      return refused('"name" labels a point and cannot be drawn or given', at, report);
    const both = [...over].find(([name]) => fixed?.entries.has(name) === true);
    if (both !== undefined)
      return refused(`${both[0]} is both drawn and given in "with"`, both[1].key, report);
    if (over.size === 0) return refused('there is nothing to draw', at, report);
    if (points.value > limits.instances)
      return void report(tooManyInstances(`this search has ${points.value} points`, points.at));
    const found = distinctPoints(points.value, seed.value, over, fixed);
    if (found.length === points.value) return { axis, points: found };
    return refused(
      `only ${found.length} different points could be drawn`,
      points.at,
      report,
      'draw fewer points, or from more values',
    );
  },
);

/** The matrix of a stage with the axis of its search. */
export function withSearch(
  matrix: readonly MatrixBlock[],
  search: Search | undefined,
  report: Report,
): readonly MatrixBlock[] | undefined {
  if (search === undefined) return matrix;
  const { axis, points } = search;
  const twice = matrix.find(({ axes }) => axes.has(axis.value));
  if (twice !== undefined)
    return void report({
      severity: 'error',
      code: 'axis-twice',
      message: `the axis ${axis.value} of this search is in the matrix, too`,
      at: axis.at,
    });
  return matrix.map((block) => ({
    ...block,
    axes: new Map([...block.axes, [axis.value, { kind: 'values', at: axis.at, values: points }]]),
  }));
}

/**
 * Points that differ in more than their names, in the order of their draws: a duplicate is drawn again under
 * the next number.
 */
function distinctPoints(
  count: number,
  seed: number,
  over: ReadonlyMap<string, { readonly key: Range; readonly value: Draw }>,
  fixed: MapNode | undefined,
): readonly Node[] {
  const points: Node[] = [];
  const seen = new Set<string>();
  for (let index = 0; points.length < count && index < 20 * count + 1000; index += 1) {
    const drawnHere = [...over].map(([name, { key, value }]): readonly [string, MapEntry] => [
      name,
      { key, value: value(unitOf(seed, name, index), key) },
    ]);
    const text = JSON.stringify(drawnHere.map(([, { value }]) => valueOf(value)));
    if (seen.has(text)) continue;
    seen.add(text);
    const at = drawnHere[0]?.[1].key;
    if (at === undefined) break;
    const name = { key: at, value: scalarNode(`s${points.length + 1}`, at) };
    points.push(mapNode(new Map([['name', name], ...(fixed?.entries ?? []), ...drawnHere]), at));
  }
  return points;
}

/**
 * A number in [0, 1) that depends on nothing but a seed, a name and a counter, so that no draw moves when
 * another is added: the first 53 bits of a SHA-256.
 */
const unitOf = (seed: number, name: string, counter: number): number =>
  Number(BigInt(`0x${digestOf(JSON.stringify(['search', seed, name, counter])).slice(0, 16)}`) >> 11n) /
  2 ** 53;

/** To 6 significant digits, which leave no trace of how a machine rounds logarithms. */
const within = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, Number(value.toPrecision(6))));

const refused = (message: string, at: Range, report: Report, help?: string): undefined =>
  void report({
    severity: 'error',
    code: 'bad-search',
    message,
    at,
    ...(help === undefined ? {} : { help }),
  });
