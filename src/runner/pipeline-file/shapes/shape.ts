import type { Schema } from '../../../stage/define-stage.ts';
import type { Diagnostic, Located, Range, Report } from '../../diagnostic.ts';
import { listed } from '../vars/interpolate.ts';
import { nearest } from '../nearest.ts';
import { kindText, type MapNode, type Node, type ScalarNode } from '../yaml/node.ts';

/**
 * What a value of pipeline.yaml must look like: at once a JSON Schema, for editors, and a reader that gives a
 * typed value or reports what is wrong with which part. Both come from the same parts, so they cannot
 * disagree.
 */
export interface Shape<T> {
  readonly schema: Schema;
  /** For "expected …": "a whole number of at least 1". */
  readonly expected: string;
  /** Undefined where a fault was reported. */
  readonly read: (node: Node, report: Report) => T | undefined;
}

/** Reports that a value is not what is expected here, unless its own fault was reported already. */
export function refuse(
  node: Node,
  expected: string,
  report: Report,
  more: Partial<Diagnostic> = {},
): undefined {
  if (node.kind !== 'broken')
    report({
      severity: 'error',
      code: 'wrong-type',
      message: `expected ${expected}, found ${kindText(node)}`,
      at: node.at,
      ...more,
    });
}

/** A scalar that `accept` allows; `schema` is equivalent. */
function scalar<T>(
  expected: string,
  schema: Schema,
  accept: (node: ScalarNode) => T | undefined,
): Shape<Located<T>> {
  return {
    schema,
    expected,
    read: (node, report) => {
      const value = node.kind === 'scalar' && node.parts === null ? accept(node) : undefined;
      if (value !== undefined) return { value, at: node.at };
      if (node.kind !== 'scalar' || node.parts === null) return refuse(node, expected, report);
      return void report({
        severity: 'error',
        code: 'reference-not-here',
        message: `expected ${expected}; only references to vars are allowed here`,
        at: node.at,
      });
    },
  };
}

/** A text, also an empty one. */
export const text: Shape<Located<string>> = scalar('a text', { type: 'string' }, ({ value }) =>
  typeof value === 'string' ? value : undefined,
);

/** A boolean. */
export const flag: Shape<Located<boolean>> = scalar('true or false', { type: 'boolean' }, ({ value }) =>
  typeof value === 'boolean' ? value : undefined,
);

/** An integer of at least `minimum` that a double holds exactly. */
export const wholeNumber = (minimum: number): Shape<Located<number>> =>
  scalar(`a whole number of at least ${minimum}`, { type: 'integer', minimum }, ({ value }) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum ? value : undefined,
  );

export const positiveNumber: Shape<Located<number>> = scalar(
  'a number above 0',
  { type: 'number', exclusiveMinimum: 0 },
  ({ value }) => (typeof value === 'number' && value > 0 ? value : undefined),
);

/** A number, neither NaN nor infinite. */
export const finiteNumber: Shape<Located<number>> = scalar('a number', { type: 'number' }, ({ value }) =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined,
);

/** A text of one form. */
export const matching = (expected: string, pattern: RegExp): Shape<Located<string>> =>
  scalar(expected, { type: 'string', pattern: pattern.source }, ({ value }) =>
    typeof value === 'string' && pattern.test(value) ? value : undefined,
  );

/** One of some words. */
export function word<const T extends string>(words: readonly T[]): Shape<Located<T>> {
  const expected = listed(words);
  const find = (node: Node): T | undefined =>
    words.find((known) => node.kind === 'scalar' && node.value === known);
  return {
    schema: { enum: words },
    expected,
    read: (node, report) => {
      const found = find(node);
      if (found !== undefined) return { value: found, at: node.at };
      const suggestion = node.kind === 'scalar' ? nearest(node.text, words) : undefined;
      return refuse(node, expected, report, suggestion === undefined ? {} : { suggestion });
    },
  };
}

/**
 * A text that may refer to axes, and gets its value in each instance. A number or a boolean counts as its
 * source text.
 */
export const lateText = (expected: string): Shape<ScalarNode> => ({
  schema: { type: ['string', 'number', 'boolean'] },
  expected,
  read: (node, report) =>
    node.kind === 'scalar' && node.value !== null ? node : refuse(node, expected, report),
});

/** A value that may be a reference to an axis: then it is read once more in each instance. */
export interface Deferred<T> {
  readonly node: Node;
  readonly shape: Shape<T>;
  /** Undefined: it waits for its instance. */
  readonly now: T | undefined;
}

/** A value of this shape, or a text with a reference that is read in each instance. */
export const late = <T>(shape: Shape<T>): Shape<Deferred<T>> => ({
  schema: { anyOf: [shape.schema, { type: 'string', pattern: '\\$\\{' }] },
  expected: shape.expected,
  read: (node, report) => {
    if (node.kind === 'scalar' && node.parts !== null) return { node, shape, now: undefined };
    const now = shape.read(node, report);
    return now === undefined ? undefined : { node, shape, now };
  },
});

/** A map of any values: what a stage does with them is not the runner's affair. */
export const anyMap = (expected: string): Shape<MapNode> => ({
  schema: { type: 'object' },
  expected,
  read: (node, report) => (node.kind === 'map' ? node : refuse(node, expected, report)),
});

/** A list; undefined if one of its members is wrong, after all were read. */
export function listOf<T>(expected: string, member: Shape<T>): Shape<readonly T[]> {
  return {
    schema: { type: 'array', items: member.schema },
    expected,
    read: (node, report) => {
      if (node.kind !== 'list') return refuse(node, expected, report);
      const members = node.items.map((item) => member.read(item, report));
      const whole = members.filter((item) => item !== undefined);
      return whole.length < members.length ? undefined : whole;
    },
  };
}

/** An entry of a map of names that the user chose. */
export interface Named<T> {
  readonly key: Range;
  readonly value: T;
}

/** A map whose names the user chooses, within `names`. */
export function mapOf<T>(
  expected: string,
  names: RegExp,
  member: Shape<T>,
): Shape<ReadonlyMap<string, Named<T>>> {
  return {
    schema: { type: 'object', propertyNames: { pattern: names.source }, additionalProperties: member.schema },
    expected,
    read: (node, report) => {
      if (node.kind !== 'map') return refuse(node, expected, report);
      const members = new Map<string, Named<T>>();
      for (const [name, { key, value }] of node.entries) {
        if (!names.test(name)) report(badName(name, key));
        const member_ = member.read(value, report);
        if (member_ !== undefined && names.test(name)) members.set(name, { key, value: member_ });
      }
      return members.size < node.entries.size ? undefined : members;
    },
  };
}

/** A name of a stage, an axis, a dep or an out: what a reference can hold, and every file system. */
export const namePattern = /^[\p{L}\p{N}_][\p{L}\p{N}_-]{0,99}$/u;

/** The error of a name that is not as `namePattern` says. */
export const badName = (name: string, at: Range): Diagnostic => ({
  severity: 'error',
  code: 'bad-name',
  message:
    `${JSON.stringify(name.slice(0, 60))} is not a valid name: ` +
    'expected letters, digits, "_" and "-", at most 100',
  at,
});

/** One name of a record, and its value. */
interface Field<T> {
  readonly shape: Shape<T>;
  readonly required: boolean;
  readonly description: string;
}

/** A field that may be absent. */
export const optional = <T>(shape: Shape<T>, description: string): Field<T | undefined> => ({
  shape,
  required: false,
  description,
});
/** A field that must be there. */
export const required = <T>(shape: Shape<T>, description: string): Field<T> => ({
  shape,
  required: true,
  description,
});

type Fields = Readonly<Record<string, Field<unknown>>>;
/**
 * The result of reading a record: every name, undefined where an optional one is absent, and the position of
 * the whole.
 */
type Read<F extends Fields> = { readonly [Name in keyof F]: F[Name] extends Field<infer T> ? T : never } & {
  readonly at: Range;
};

/** What a shape reads as. */
export type Of<S> = S extends Shape<infer T> ? T : never;

/** What to write in place of a name: another name, or something that takes a sentence. */
export type Instead = { readonly suggestion: string } | { readonly help: string };

/**
 * A map with fixed names. An unknown name is a fault that suggests the nearest known one, or what `elsewhere`
 * has for the names that other tools use.
 */
export function record<F extends Fields>(
  expected: string,
  fields: F,
  elsewhere: Readonly<Record<string, Instead>> = {},
): Shape<Read<F>> {
  const names = Object.keys(fields);
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(fields).map(([name, { shape, description }]) => [
          name,
          { description, ...shape.schema },
        ]),
      ),
      required: names.filter((name) => fields[name]?.required === true),
      additionalProperties: false,
    },
    expected,
    read: (node, report) => {
      if (node.kind !== 'map') return refuse(node, `${expected} (a map)`, report);
      const absent = names.filter((name) => !node.entries.has(name));
      const unknown = [...node.entries]
        .filter(([name]) => !Object.hasOwn(fields, name))
        .map(([name, { key }]): Diagnostic => ({
          severity: 'error',
          code: 'unknown-name',
          message: `${expected} has no ${JSON.stringify(name.slice(0, 60))}: expected ${listed(names)}`,
          at: key,
          ...(Object.hasOwn(elsewhere, name) ? elsewhere[name] : nearestOf(name, absent)),
        }));
      for (const fault of unknown) report(fault);
      let whole = unknown.length === 0;
      const values = names.map((name): readonly [string, unknown] => {
        const field = fields[name];
        const entry = node.entries.get(name);
        if (field === undefined || entry === undefined) {
          if (field?.required !== true) return [name, undefined];
          whole = false;
          // A name that was misspelt is not missing too.
          if (!unknown.some(({ suggestion }) => suggestion === name))
            report({
              severity: 'error',
              code: 'missing-name',
              message: `${expected} needs ${JSON.stringify(name)}: ${field.description}`,
              at: start(node),
            });
          return [name, undefined];
        }
        const value = field.shape.read(entry.value, report);
        if (value === undefined) whole = false;
        return [name, value];
      });
      // The one cast: every name of F was read by the shape that F gives it.
      return whole ? ({ ...Object.fromEntries(values), at: node.at } as Read<F>) : undefined;
    },
  };
}

/** A map as a place to point at: where it starts, not all its lines. */
const start = ({ at, entries }: MapNode): Range => entries.values().next().value?.key ?? { ...at, length: 1 };

function nearestOf(name: string, known: readonly string[]): Partial<Diagnostic> {
  const suggestion = nearest(name, known);
  return suggestion === undefined ? {} : { suggestion };
}

/**
 * One of several forms, distinguished by hand: `pick` names the form that the writer intended, so that a typo
 * is one fault and not one for each form.
 */
export function choice<T, const Form extends string>(
  expected: string,
  forms: Readonly<Record<Form, Shape<T>>>,
  pick: (node: Node) => Form,
): Shape<T> {
  return {
    schema: { anyOf: Object.values<Shape<T>>(forms).map(({ schema }) => schema) },
    expected,
    read: (node, report) => forms[pick(node)].read(node, report),
  };
}

/** The same shape, its value turned into another. */
export const map = <T, U>(
  shape: Shape<T>,
  to: (value: T, node: Node, report: Report) => U | undefined,
): Shape<U> => ({
  schema: shape.schema,
  expected: shape.expected,
  read: (node, report) => {
    const value = shape.read(node, report);
    return value === undefined ? undefined : to(value, node, report);
  },
});
