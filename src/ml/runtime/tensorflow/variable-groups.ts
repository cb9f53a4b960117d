import { elementCount } from '../../element-count.ts';
import { typed } from '../../tensor/tensorflow-operator.ts';
import type { Result } from '../../../result.ts';
import type { HostValue, Values } from '../runtime.ts';
import { doneAfter } from './entries.ts';
import {
  changeVariable,
  type GraphWriter,
  handleOf,
  type Held,
  openScope,
  readVariable,
} from './emit-graph.ts';
import type { Fetched, Program } from './program.ts';
import { explainingFailure } from './run-failure.ts';

/**
 * Variables that are read and assigned together. TensorFlow prepares each set of feeds and fetches
 * separately, which takes tenths of a second in a large graph; and data sent to the device in one call is in
 * memory twice.
 */
export interface VariableGroup {
  readonly members: readonly Member[];
  readonly assigned: Fetched;
  readonly zeroed: Fetched;
  /** The feeds that `zeroed` takes. */
  readonly zeros: readonly (readonly [fed: string, value: HostValue])[];
}

interface Member {
  readonly name: string;
  readonly shape: readonly number[];
  /** The feed that assigns it. */
  readonly fed: string;
  readonly read: Fetched;
}

/** Variables without named sizes alone can be read and assigned. */
export const lowerGroups = (
  graph: GraphWriter,
  held: Held,
  shapes: ReadonlyMap<string, readonly number[]>,
): readonly VariableGroup[] => grouped(shapes).map((members) => lowerGroup(graph, held, members));

type NamedShape = readonly [name: string, shape: readonly number[]];

/** The variables of each group, in the order of their names: a checkpoint is written in it. */
export function grouped(shapes: ReadonlyMap<string, readonly number[]>): readonly (readonly NamedShape[])[] {
  const groups: NamedShape[][] = [];
  let elements = Infinity;
  for (const [name, shape] of [...shapes].sort(([left], [right]) => (left < right ? -1 : 1))) {
    elements += elementCount(shape);
    if (elements > mostElements) {
      groups.push([]);
      elements = elementCount(shape);
    }
    groups.at(-1)?.push([name, shape]);
  }
  return groups;
}

/** 256 MB, unless one variable is larger. */
const mostElements = 2 ** 26;

function lowerGroup(graph: GraphWriter, held: Held, members: readonly NamedShape[]): VariableGroup {
  const scope = openScope(graph, new Map());
  const { emit } = scope;
  const assigns: string[] = [];
  const fills: string[] = [];
  const zeros = new Map<'float32' | 'int32', string>();
  // Fed: TensorFlow keeps the value of a node whose inputs are constants, here as large as the variable.
  const zeroOf = (dtype: 'float32' | 'int32'): string => {
    const fed = zeros.get(dtype) ?? emit.input(`zero of ${members[0]?.[0]}, ${dtype}`, dtype, []).name;
    zeros.set(dtype, fed);
    return fed;
  };
  const lowered = members.map(([name, shape]): Member => {
    const handle = handleOf(graph, held, name);
    const dtype = held.get(name)?.dtype === 'int32' ? 'int32' : 'float32';
    const fed = emit.input(`value of ${name}`, dtype, shape);
    // A feed may be read in place; a variable would be changed there.
    const copy = typed(emit, 'DeepCopy', [fed], dtype);
    const zero = emit.apply('Fill', [emit.sizes(shape), { name: zeroOf(dtype) }], {
      T: { dtype },
      index_type: { dtype: 'int32' },
    });
    assigns.push(changeVariable(graph, 'AssignVariableOp', handle, copy, [], dtype));
    fills.push(changeVariable(graph, 'AssignVariableOp', handle, zero, [], dtype));
    const read = typed(emit, 'Identity', [{ name: readVariable(graph, handle, dtype) }], dtype);
    return { name, shape, fed: fed.name, read: { node: read.name, dtype } };
  });
  return {
    members: lowered,
    assigned: doneAfter(graph, scope, assigns),
    zeroed: doneAfter(graph, scope, fills),
    zeros: [...zeros].map(([dtype, fed]) => [fed, zeroValue(dtype)]),
  };
}

const zeroValue = (dtype: 'float32' | 'int32'): HostValue =>
  dtype === 'float32'
    ? { dtype, shape: [], data: Float32Array.of(0) }
    : { dtype, shape: [], data: Int32Array.of(0) };

/** The group that holds a variable; throws if none does. */
export const groupOf = (groups: readonly VariableGroup[], name: string): VariableGroup =>
  variable(
    groups.find(({ members }) => members.some((member) => member.name === name)),
    name,
  );

/** The values of variables by name; one group is read at a time. */
export function readVariables(
  program: Program,
  groups: readonly VariableGroup[],
  names: Iterable<string>,
): Values {
  const wanted = new Set(names);
  const found: Record<string, HostValue> = {};
  for (const { members } of groups) {
    if (!members.some(({ name }) => wanted.has(name))) continue;
    const values = runGroup(
      program,
      [],
      members.map(({ read }) => read),
    );
    members.forEach(({ name }, index) => {
      const value = values[index];
      if (value !== undefined && wanted.has(name)) found[name] = value;
    });
  }
  return Object.fromEntries(Array.from(wanted, (name) => [name, variable(found[name], name)]));
}

function variable<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the session has no variable "${name}"`);
  return value;
}

/** Fills the requested tensors of one group after another, and uploads them together. */
export async function assignVariables<Failure>(
  program: Program,
  groups: readonly VariableGroup[],
  names: Iterable<string>,
  fill: (name: string, into: Float32Array) => Promise<Result<void, Failure>>,
): Promise<Result<void, Failure>> {
  const wanted = new Set(names);
  for (const name of wanted) groupOf(groups, name);
  for (const group of groups) {
    const filled = new Map<string, Float32Array>();
    for (const { name, shape } of group.members) {
      if (!wanted.has(name)) continue;
      const into = new Float32Array(elementCount(shape));
      const result = await fill(name, into);
      if (!result.ok) return result;
      filled.set(name, into);
    }
    if (filled.size > 0) assignGroup(program, group, filled);
  }
  return { ok: true, value: undefined };
}

/** Those that have no new value keep theirs. */
export function assignGroup(
  program: Program,
  { members, assigned }: VariableGroup,
  values: ReadonlyMap<string, HostValue['data']>,
): void {
  const isWhole = members.every(({ name }) => values.has(name));
  const kept = isWhole
    ? []
    : runGroup(
        program,
        [],
        members.map(({ read }) => read),
      );
  runGroup(
    program,
    members.map(({ name, shape, fed }, index) => [
      fed,
      valueOf(name, shape, values.get(name) ?? kept[index]?.data),
    ]),
    [assigned],
    'borrowed',
  );
}

function valueOf(name: string, shape: readonly number[], data: HostValue['data'] | undefined): HostValue {
  if (data instanceof Float32Array) return { dtype: 'float32', shape, data };
  if (data instanceof Int32Array) return { dtype: 'int32', shape, data };
  throw new Error(`the constant "${name}" is neither float32 nor int32`);
}

/** Sets all variables of the groups to zero. */
export const zeroGroups = (program: Program, groups: readonly VariableGroup[]): void => {
  for (const { zeroed, zeros } of groups) runGroup(program, zeros, [zeroed]);
};

const runGroup = (program: Program, ...run: Parameters<Program['run']>): readonly HostValue[] =>
  explainingFailure(new Map(), () => program.run(...run));
