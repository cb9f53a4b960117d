import type { Diagnostic, Range } from '../../diagnostic.ts';
import type { InstanceId } from '../../identity.ts';
import type { AxisList, Stage } from '../../pipeline-file/pipeline.ts';
import { joinFirst } from '../../wording/join-first.ts';
import { axisValue, type AxisValue } from './axis-value.ts';
import { type Cell, couldAgree, type ListedCells, type Point } from './cell.ts';
import type { Expansion, Product } from './expansion.ts';
import { leftOutFault } from './kept-cells.ts';
import { joinOn } from './join.ts';
import { listValues, sameValues } from './list-values.ts';

/**
 * A product with one axis more, whose values are in lists: each point has that of the instance that agrees on
 * its other axes. Undefined where the list cannot be had: reported.
 */
export function listedAxis(
  name: string,
  list: AxisList,
  { points, listed }: Product,
  expansion: Expansion,
): Product | undefined {
  const source = sourceOf(list, expansion);
  const producers = expansion.cells.get(list.stage.value);
  if (source === undefined || producers === undefined) return undefined;
  const found: Point[] = [];
  const open: ListedCells[] = listed.map((part) => ({ ...part, axes: withAny(part.axes, name) }));
  for (const point of points) {
    const made = makerOf(point, list, producers, expansion);
    if (made === undefined) return undefined;
    const lists = [...new Set([...point.lists, ...made.lists])];
    const values = made.producer && valuesIn(made.producer, source, name, list, expansion);
    if (values === 'faulty') return undefined;
    open.push({ axes: withAny(point.axes, name), lists, isKnown: values !== undefined });
    // No more than the limit, for any content of a list.
    if (found.length + (values?.length ?? 0) > expansion.budget.left)
      return void expansion.report(fault('too-many-instances', list.at, 'its lists have too many values'));
    for (const value of values ?? [])
      found.push({ axes: new Map([...point.axes, [name, value]]), at: list.at, lists });
  }
  return { points: found, listed: open };
}

const withAny = (axes: ListedCells['axes'], name: string): ListedCells['axes'] =>
  new Map([...axes, [name, null]]);

/** The stage that makes the lists, where it has the out. */
function sourceOf({ stage, out }: AxisList, { pipeline, report }: Expansion): Stage | undefined {
  const source = pipeline.stages.get(stage.value);
  if (source === undefined) {
    if (pipeline.broken.has(stage.value)) return undefined;
    return void report({
      ...fault(
        'unknown-stage',
        stage.at,
        `there is no stage ${JSON.stringify(stage.value)} that makes a list`,
      ),
      misspelt: { name: stage.value, known: pipeline.stages },
    });
  }
  if (source.outs.has(out.value) && !source.cache)
    return void report({
      ...fault('uncached-list', stage.at, `${source.name} has \`cache: false\`, so its list is not cached`),
      help: 'remove `cache: false`, or write the list in a stage that is cached',
    });
  if (source.outs.has(out.value)) return source;
  return void report({
    ...fault('unknown-out', out.at, `the stage ${source.name} has no out ${JSON.stringify(out.value)}`),
    misspelt: { name: out.value, known: source.outs },
    notes: [{ message: `${source.name} is declared here`, at: source.at }],
  });
}

/** The instance that makes the list of a point; it may come from a list itself, which is not known yet. */
function makerOf(
  { axes }: Point,
  { stage, at }: AxisList,
  producers: readonly Cell[],
  { pipeline, joins, left, listed, report }: Expansion,
): { readonly producer?: InstanceId; readonly lists: readonly InstanceId[] } | undefined {
  const join = joins.get(stage.value) ?? joinOn(producers);
  joins.set(stage.value, join);
  const [only, ...more] = join(axes);
  if (only !== undefined && more.length === 0)
    return { producer: only.name.id, lists: [...only.lists, only.name.id] };
  const wanted = [...axes].map(([axis, { label }]) => `${axis} = ${label}`).join(' and ');
  if (only !== undefined)
    return void report({
      ...fault('many-matches', at, `${more.length + 1} instances of ${stage.value} make this list`),
      help: `give the matrix the axes in which they differ: ${joinFirst(
        [only, ...more].map(({ name }) => name.id),
        5,
      )}`,
    });
  const open = (listed.get(stage.value) ?? []).filter((part) => !part.isKnown && couldAgree(part, axes));
  if (open.length > 0) return { lists: [...new Set(open.flatMap(({ lists }) => lists))] };
  const source = pipeline.stages.get(stage.value);
  const leftOut = joinOn(left.get(stage.value) ?? [])(axes);
  if (source !== undefined && (leftOut.length > 0 || producers.length === 0))
    return void report(leftOutFault(`the list for ${wanted} is made by`, at, leftOut, source));
  return void report(
    fault(
      'no-match',
      at,
      `no instance of ${stage.value} makes the list for ${wanted}: there are ${joinFirst(
        producers.map(({ name }) => name.id),
        10,
      )}`,
    ),
  );
}

/** Undefined: the list is not known yet. */
function valuesIn(
  producer: InstanceId,
  source: Stage,
  axis: string,
  { out, allowEmpty, at }: AxisList,
  { pipeline, readList, lists, known, report }: Expansion,
): readonly AxisValue[] | 'faulty' | undefined {
  const before = lists.get(`${producer} ${out.value}`);
  const refused = (message: string, help?: string): 'faulty' => {
    report({
      ...fault('bad-list', at, `the list ${out.value} of ${producer} gives ${axis} no values: ${message}`),
      ...(help === undefined ? {} : { help }),
    });
    return 'faulty';
  };
  const read = before === undefined ? readList?.(pipeline.name, producer, out.value) : undefined;
  const digest = before?.digest ?? read?.digest ?? null;
  const note = (values: readonly AxisValue[] | undefined): void =>
    void lists.set(`${producer} ${out.value}`, { instance: producer, out: out.value, digest, values });
  if (before === undefined) note(undefined);
  if (digest === null) return undefined;
  let values = before?.values;
  if (values === undefined) {
    if (read === undefined) return 'faulty';
    const text = read.text();
    if (text === undefined) return refused('it is not UTF-8 text, or it is too large');
    const parsed = listValues(text, source.outs.get(out.value)?.path.text ?? '', at);
    if (!parsed.ok) return refused(parsed.error);
    values = parsed.value.map((node) => axisValue(node, known));
    const same = sameValues(values);
    if (same !== undefined) return refused(same, 'each value is an instance: list it once');
    note(values);
  }
  if (values.length === 0 && !allowEmpty)
    return refused('it is empty', 'if an empty list is valid, set `allowEmpty: true`');
  return values;
}

const fault = (code: string, at: Range, message: string): Diagnostic => ({
  severity: 'error',
  code,
  message,
  at,
});
