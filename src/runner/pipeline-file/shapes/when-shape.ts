import type { Schema } from '../../../stage/define-stage.ts';
import type { Range, Report } from '../../diagnostic.ts';
import { stepsOf } from '../vars/template.ts';
import { kindText, type MapEntry, type Node, type ScalarNode } from '../yaml/node.ts';
import { refuse, type Shape } from './shape.ts';

/** Which instances of a stage there are: those for which all conditions hold. */
export interface When {
  readonly conditions: readonly Condition[];
  readonly at: Range;
}

/** What an axis, a var or a param has to be, or must not be. */
export interface Condition {
  /** Its source text: "dataset", "config.r", "vars.size", "params.model[0]". */
  readonly name: string;
  /** Its steps, as those of a reference. */
  readonly path: readonly string[];
  readonly at: Range;
  /** Any of these. */
  readonly values: readonly ScalarNode[];
  readonly isNegated: boolean;
}

/** As in a reference: names joined by dots, and indices. */
const namePattern = /^[\p{L}\p{N}_-]+(\[(0|[1-9]\d{0,8})\])*(\.[\p{L}\p{N}_-]+(\[(0|[1-9]\d{0,8})\])*)*$/u;

const single: Schema = { type: ['null', 'boolean', 'number', 'string'] };
const anyOfThem: Schema = { anyOf: [single, { type: 'array', items: single, minItems: 1 }] };

export const whenShape: Shape<When> = {
  schema: {
    type: 'object',
    propertyNames: { pattern: namePattern.source },
    additionalProperties: {
      anyOf: [
        anyOfThem,
        {
          type: 'object',
          properties: { not: { description: 'none of these values', ...anyOfThem } },
          required: ['not'],
          additionalProperties: false,
        },
      ],
    },
  },
  expected: 'a map from axes, vars.x or params.x to values',
  read: (node, report) => {
    if (node.kind !== 'map') return refuse(node, whenShape.expected, report);
    const conditions = [...node.entries].map(([name, entry]) => conditionOf(name, entry, report));
    const whole = conditions.filter((condition) => condition !== undefined);
    return whole.length < conditions.length ? undefined : { conditions: whole, at: node.at };
  },
};

function conditionOf(name: string, { key, value }: MapEntry, report: Report): Condition | undefined {
  const path = stepsOf(name);
  if (!namePattern.test(name) || (path.length === 1 && (name === 'vars' || name === 'params')))
    return void report({
      severity: 'error',
      code: 'bad-condition',
      message:
        `${JSON.stringify(name.slice(0, 60))} cannot be used in a ` +
        'condition: expected an axis, vars.x or params.x',
      at: key,
    });
  const not = value.kind === 'map' ? value.entries.get('not') : undefined;
  const isNegated = not !== undefined && value.kind === 'map' && value.entries.size === 1;
  const values = valuesOf(isNegated ? not.value : value, report);
  return values && { name, path, at: key, values, isNegated };
}

function valuesOf(node: Node, report: Report): readonly ScalarNode[] | undefined {
  const items = node.kind === 'list' ? node.items : [node];
  if (items.length === 0)
    return void report({
      severity: 'error',
      code: 'bad-condition',
      message: 'this list of values is empty: the condition would hold for no instance, or for all',
      at: node.at,
    });
  const values = items.map((item) => scalarIn(item, report));
  const whole = values.filter((value) => value !== undefined);
  return whole.length < values.length ? undefined : whole;
}

function scalarIn(node: Node, report: Report): ScalarNode | undefined {
  if (node.kind !== 'scalar') {
    if (node.kind !== 'broken')
      report({
        severity: 'error',
        code: 'bad-condition',
        message: `expected a single value, a list of them, or { not: … }, found ${kindText(node)}`,
        at: node.at,
        help: 'refer to a map value of an axis by its label (`name`), or by a value in it: config.r: 8',
      });
    return undefined;
  }
  if (node.parts === null) return node;
  return void report({
    severity: 'error',
    code: 'reference-not-here',
    message: 'only references to vars are allowed in when',
    at: node.at,
  });
}
