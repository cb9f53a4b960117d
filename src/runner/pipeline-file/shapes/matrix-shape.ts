import type { Schema } from '../../../stage/define-stage.ts';
import type { Located, Range, Report } from '../../diagnostic.ts';
import type { Axis, MatrixBlock } from '../pipeline.ts';
import type { Node } from '../yaml/node.ts';
import { badName, choice, listOf, map, namePattern, refuse, text, type Shape } from './shape.ts';

/** What is no axis since a reference by that name means something else. */
const reservedAxes = ['vars', 'params', 'deps', 'outs'];

const axisNames: Schema = {
  type: 'object',
  propertyNames: { pattern: namePattern.source },
  properties: { from: { type: 'string', description: 'one for each instance of this stage, with its axes' } },
};

const block: Shape<MatrixBlock> = {
  schema: axisNames,
  expected: 'a map of axes',
  read: (node, report) => {
    if (node.kind !== 'map') return refuse(node, 'a map of axes', report);
    const axes = new Map<string, Axis>();
    let from: Located<string> | undefined;
    let whole = true;
    for (const [name, { key, value }] of node.entries) {
      if (name === 'from') {
        from = text.read(value, report);
        whole &&= from !== undefined;
        continue;
      }
      const values = axisValues(name, key, value, report);
      if (values === undefined) whole = false;
      else axes.set(name, { at: key, values });
    }
    return whole ? { from, axes, at: node.at } : undefined;
  },
};

function axisValues(name: string, at: Range, node: Node, report: Report): readonly Node[] | undefined {
  if (!namePattern.test(name)) return void report(badName(name, at));
  if (reservedAxes.includes(name))
    return void report({
      severity: 'error',
      code: 'bad-name',
      message: `an axis cannot be named ${name}: \${${name}.…} means something else`,
      at,
    });
  const reference = firstReference(node);
  if (reference !== undefined)
    return void report({
      severity: 'error',
      code: 'reference-not-here',
      message: 'only references to vars are allowed in a matrix',
      at: reference,
    });
  const values = node.kind === 'list' ? node.items : [node];
  if (values.length === 0)
    return void report({
      severity: 'error',
      code: 'empty-axis',
      message: `the axis ${name} has no values: the stage would have no instances`,
      at: node.at,
    });
  // A value with a fault of its own is no value: two of them would not be told apart.
  if (values.some(isBroken)) return undefined;
  return values.every((value) => hasGoodLabel(value, report)) ? values : undefined;
}

function isBroken(node: Node): boolean {
  switch (node.kind) {
    case 'broken':
      return true;
    case 'scalar':
      return false;
    case 'list':
      return node.items.some(isBroken);
    case 'map':
      return [...node.entries.values()].some(({ value }) => isBroken(value));
  }
}

function hasGoodLabel(node: Node, report: Report): boolean {
  const name = node.kind === 'map' ? node.entries.get('name')?.value : undefined;
  if (name === undefined || (name.kind === 'scalar' && name.value !== null && name.text !== '')) return true;
  refuse(name, 'a text: "name" labels this value of the axis', report);
  return false;
}

function firstReference(node: Node): Range | undefined {
  switch (node.kind) {
    case 'broken':
      return undefined;
    case 'scalar':
      return node.parts === null ? undefined : node.at;
    case 'list':
      return first(node.items, firstReference);
    case 'map':
      return first([...node.entries.values()], ({ value }) => firstReference(value));
  }
}

function first<T, U>(values: readonly T[], of: (value: T) => U | undefined): U | undefined {
  for (const value of values) {
    const found = of(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The axes that a stage is repeated over. */
export const matrix: Shape<readonly MatrixBlock[]> = choice(
  'a map of axes, or a list of such maps',
  {
    product: map(block, (only): readonly MatrixBlock[] => [only]),
    union: map(listOf('a list of maps of axes', block), (blocks, node, report) =>
      blocks.length > 0
        ? blocks
        : void report({
            severity: 'error',
            code: 'empty-axis',
            message: 'this matrix is empty: the stage would have no instances',
            at: node.at,
          }),
    ),
  },
  (node) => (node.kind === 'list' ? 'union' : 'product'),
);
