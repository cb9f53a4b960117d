import type { Schema } from '../../../stage/define-stage.ts';
import type { Diagnostic, Located, Range, Report } from '../../diagnostic.ts';
import type { Axis, MatrixBlock } from '../pipeline.ts';
import { nearest } from '../nearest.ts';
import { listed } from '../vars/interpolate.ts';
import type { Node } from '../yaml/node.ts';
import { axisRules, computedAxis } from './computed-axis.ts';
import { badName, choice, listOf, map, namePattern, refuse, text, type Shape } from './shape.ts';

/** Names that cannot be axes, since a reference by that name means something else. */
const reservedAxes = ['vars', 'params', 'deps', 'outs'];

/** A value of an axis, or a list of values: any, but for maps with a name that means a rule. */
const plainValues: Schema = {
  anyOf: [
    { type: ['null', 'boolean', 'number', 'string', 'array'] },
    { type: 'object', propertyNames: { pattern: '^(?!\\$)' } },
  ],
};

const axisNames: Schema = {
  type: 'object',
  propertyNames: { pattern: namePattern.source },
  properties: { from: { type: 'string', description: 'one for each instance of this stage, with its axes' } },
  additionalProperties: { anyOf: [computedAxis.schema, plainValues] },
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
      const axis = axisOf(name, key, value, report);
      if (axis === undefined) whole = false;
      else axes.set(name, axis);
    }
    return whole ? { from, axes, at: node.at } : undefined;
  },
};

function axisOf(name: string, at: Range, node: Node, report: Report): Axis | undefined {
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
  const rule = ruleName(node);
  if (rule !== undefined && isRule(rule.name)) {
    const computed = computedAxis.read(node, report);
    return computed && { at, ...computed };
  }
  const misplaced = rule ?? first(node.kind === 'list' ? node.items : [node], anyRuleName);
  if (misplaced !== undefined) return void report(misplacedRule(misplaced));
  const values = node.kind === 'list' ? node.items : [node];
  if (values.length === 0)
    return void report({
      severity: 'error',
      code: 'empty-axis',
      message: `the axis ${name} has no values, so the stage would have no instances`,
      at: node.at,
    });
  // A value with a fault is skipped: two of them would look equal.
  if (values.some(isBroken)) return undefined;
  return values.every((value) => hasGoodLabel(value, report)) ? { kind: 'values', at, values } : undefined;
}

const isRule = (name: string): boolean => axisRules.some((rule) => rule === name);

interface RuleName {
  readonly name: string;
  readonly at: Range;
}

/** A name with `$` in front, which means a rule and not a value. */
function ruleName(node: Node): RuleName | undefined {
  if (node.kind !== 'map') return undefined;
  return first([...node.entries], ([name, { key }]) =>
    name.startsWith('$') ? { name, at: key } : undefined,
  );
}

/** The same anywhere in a value. */
function anyRuleName(node: Node): RuleName | undefined {
  switch (node.kind) {
    case 'broken':
    case 'scalar':
      return undefined;
    case 'list':
      return first(node.items, anyRuleName);
    case 'map':
      return ruleName(node) ?? first([...node.entries.values()], ({ value }) => anyRuleName(value));
  }
}

function misplacedRule({ name, at }: RuleName): Diagnostic {
  const suggestion = nearest(name, axisRules);
  return isRule(name)
    ? {
        severity: 'error',
        code: 'bad-axis',
        message: `${name} gives all values of an axis, so it cannot be one of them or part of one`,
        at,
        help: `write it alone: { ${name}: { … } }`,
      }
    : {
        severity: 'error',
        code: 'bad-axis',
        message:
          `${JSON.stringify(name.slice(0, 60))} is not a rule for the values of an axis: expected ` +
          `${listed(axisRules)}`,
        at,
        ...(suggestion === undefined
          ? { help: 'names that start with "$" are rules: give the value another name' }
          : { suggestion }),
      };
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
            message: 'this matrix is empty, so the stage would have no instances',
            at: node.at,
          }),
    ),
  },
  (node) => (node.kind === 'list' ? 'union' : 'product'),
);
