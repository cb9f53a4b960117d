import { Ajv, type ErrorObject } from 'ajv';
import type { Schema } from '../../../stage/define-stage.ts';
import type { Diagnostic, Range } from '../../diagnostic.ts';
import { listed } from '../../pipeline-file/vars/interpolate.ts';
import { nearest } from '../../pipeline-file/nearest.ts';
import { noteUnquoted } from '../../pipeline-file/note-unquoted.ts';
import { type Instance, isOptional } from '../instance.ts';

/** A stage program's description of itself: see `StageProgram`. */
export interface ProgramContract {
  readonly params: Schema;
  /** A name that ends in "?" may be left out. */
  readonly deps: readonly string[];
  readonly outs: readonly string[];
}

/** Checks the params and names of instances against their common program. */
export type CheckProgram = (instance: Instance) => readonly Diagnostic[];

/**
 * Compiles a program's schema once, for all its instances. An invalid schema is a fault of the program: every
 * instance reports it at its `uses`. `set`: the texts of `--set`.
 */
export function programCheck(
  { params, deps, outs }: ProgramContract,
  set: readonly string[] = [],
): CheckProgram {
  const compiled = compile(params);
  return (instance) => {
    const names = [
      ...nameFaults('dep', deps, Object.keys(instance.deps), instance, (name) => instance.deps[name]?.at),
      ...absenceFaults(deps, instance),
      ...nameFaults('out', outs, Object.keys(instance.outs), instance, (name) => instance.outs[name]?.at),
    ];
    if (typeof compiled === 'string')
      return [
        {
          severity: 'error',
          code: 'bad-schema',
          message: `the params of this stage program are not a JSON Schema: ${compiled}`,
          at: instance.program.at,
        },
        ...names,
      ];
    if (compiled(instance.params)) return names;
    return [...paramFaults(compiled.errors ?? [], instance, set), ...names];
  };
}

/** One for all programs: it compiles the meta-schema, which takes longer than most schemas of params. */
const ajv = new Ajv({
  allErrors: true,
  verbose: true,
  strict: false,
  validateFormats: false,
  logger: false,
  // A check runs for a few instances: the optimizer takes longer than it saves.
  code: { optimize: false },
});

function compile(params: Schema): ReturnType<Ajv['compile']> | string {
  const schema = { ...params };
  try {
    return ajv.compile(schema);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    // Programs know nothing of each other: two may give their schemas the same $id.
    ajv.removeSchema(schema);
  }
}

/** One fault for each place: of the branches of a choice, the one that validated furthest. */
function paramFaults(
  errors: readonly ErrorObject[],
  instance: Instance,
  set: readonly string[],
): readonly Diagnostic[] {
  const summaries = new Set(['if', 'anyOf', 'oneOf', 'allOf', 'not']);
  const details = errors.filter(
    (error) => (!summaries.has(error.keyword) || reasonOf(error) !== undefined) && !isMisspelt(error, errors),
  );
  const reported = details.length > 0 ? details : errors;
  const places = new Map<string, ErrorObject[]>();
  for (const error of reported) {
    const place =
      error.keyword === 'additionalProperties'
        ? `${error.instancePath}/${String(error.params['additionalProperty'])}`
        : error.instancePath;
    places.set(place, [...(places.get(place) ?? []), error]);
  }
  return [...places].map(([place, same]) => {
    const fault = paramFault(place, same, errors, instance);
    return same.some(wantsText) ? noteUnquoted(fault, set) : fault;
  });
}

const wantsText = ({ keyword, params }: ErrorObject): boolean =>
  keyword === 'type' && [params['type']].flat().includes('string');

/**
 * Whether a missing name is present with a typo, under a name that the schema does not have: one typo is one
 * fault.
 */
function isMisspelt({ keyword, instancePath, params }: ErrorObject, errors: readonly ErrorObject[]): boolean {
  return (
    keyword === 'required' &&
    errors.some(
      (other) =>
        other.keyword === 'additionalProperties' &&
        other.instancePath === instancePath &&
        meantName(other, errors) === params['missingProperty'],
    )
  );
}

/** The name that an unknown one is like; one that is missing in the same map may be less like it. */
function meantName(unknown: ErrorObject, errors: readonly ErrorObject[]): string | undefined {
  const name = String(unknown.params['additionalProperty']);
  const missing = errors
    .filter(({ keyword, instancePath }) => keyword === 'required' && instancePath === unknown.instancePath)
    .map(({ params }) => String(params['missingProperty']));
  return nearest(name, knownNames(unknown)) ?? nearest(name, missing, 2);
}

function paramFault(
  place: string,
  errors: readonly ErrorObject[],
  all: readonly ErrorObject[],
  instance: Instance,
): Diagnostic {
  const name = `params${place.replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~')}`;
  const unknown = errors.find(({ keyword }) => keyword === 'additionalProperties');
  const at =
    (unknown === undefined ? undefined : instance.paramNameRanges[place]) ?? rangeAt(place, instance);
  const wanted = [...new Set(errors.map(errorText))].join(', or ');
  const allowed = errors.flatMap(({ keyword, params }) =>
    keyword === 'enum' && Array.isArray(params['allowedValues']) ? params['allowedValues'].map(String) : [],
  );
  const suggestion =
    unknown === undefined ? suggestionFor(place, instance, allowed) : meantName(unknown, all);
  const message =
    unknown === undefined
      ? `${name} ${wanted}`
      : `${programName(instance)} has no ${name}${knownText(knownNames(unknown))}`;
  return {
    severity: 'error',
    code: 'bad-param',
    message,
    at,
    ...(suggestion === undefined ? {} : { suggestion }),
    notes: [{ message: `as ${programName(instance)} expects, for ${instance.id}`, at: instance.program.at }],
  };
}

const programName = ({ program }: Instance): string =>
  program.kind === 'uses' ? program.path : 'the program';

const knownText = (known: readonly string[]): string =>
  known.length === 0 ? '' : `: expected ${listed(known)}`;

function errorText(error: ErrorObject): string {
  const { keyword, params, message } = error;
  switch (keyword) {
    case 'enum': {
      const allowed = Array.isArray(params['allowedValues']) ? params['allowedValues'] : [];
      return `must be ${listed(allowed.map((value) => JSON.stringify(value)))}`;
    }
    case 'const':
      return `must be ${JSON.stringify(params['allowedValue'])}`;
    case 'required':
      return `must have ${JSON.stringify(params['missingProperty'])}`;
    default:
      return reasonOf(error) ?? message ?? `fails ${keyword}`;
  }
}

/** Why a value is rejected that would be valid by itself: the message that a schema has beside its `not`. */
function reasonOf({ keyword, parentSchema }: ErrorObject): string | undefined {
  const description: unknown = keyword === 'not' ? parentSchema?.['description'] : undefined;
  return typeof description === 'string' ? description : undefined;
}

/** The names that a map of the schema knows: what `additionalProperties` was checked beside. */
function knownNames({ parentSchema }: ErrorObject): readonly string[] {
  const properties: unknown = parentSchema?.['properties'];
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
}

function suggestionFor(place: string, { params }: Instance, allowed: readonly string[]): string | undefined {
  let value: unknown = params;
  for (const step of place.split('/').slice(1))
    value =
      typeof value === 'object' && value !== null
        ? Reflect.get(value, step.replaceAll('~1', '/').replaceAll('~0', '~'))
        : undefined;
  return typeof value === 'string' ? nearest(value, allowed) : undefined;
}

/** The place of a param, or of the nearest map around it that is written. */
function rangeAt(place: string, { paramRanges, at }: Pick<Instance, 'paramRanges' | 'at'>): Range {
  const range = Object.hasOwn(paramRanges, place) ? paramRanges[place] : undefined;
  if (range !== undefined) return range;
  return place === '' ? at : rangeAt(place.slice(0, place.lastIndexOf('/')), { paramRanges, at });
}

/** Deps that the program needs, and that may be missing. */
const absenceFaults = (expected: readonly string[], instance: Instance): readonly Diagnostic[] =>
  Object.entries(instance.deps)
    .filter(([name, dep]) => isOptional(dep) && expected.includes(name))
    .map(([name, { at }]) => ({
      severity: 'error',
      code: 'optional-dep',
      message: `${programName(instance)} needs the dep ${name}, which is optional here`,
      at,
      help: `remove optional, or declare the dep as '${name}?' in the program if it is not needed`,
    }));

function nameFaults(
  kind: 'dep' | 'out',
  expected: readonly string[],
  given: readonly string[],
  instance: Instance,
  rangeOf: (name: string) => Range | undefined,
): readonly Diagnostic[] {
  const known = expected.map((name) => name.replace(/\?$/, ''));
  const open = known.filter((name) => !given.includes(name));
  const unknown = given
    .filter((name) => !known.includes(name))
    .map((name) => ({ name, suggestion: nearest(name, open) }));
  const missing = expected.filter(
    (name) =>
      !name.endsWith('?') && open.includes(name) && !unknown.some(({ suggestion }) => suggestion === name),
  );
  return [
    ...unknown.map(({ name, suggestion }): Diagnostic => {
      const at = rangeOf(name) ?? instance.at;
      return {
        severity: 'error',
        code: `unknown-${kind}`,
        message: `${programName(instance)} declares no ${kind} ${name}${knownText(known)}`,
        at,
        ...(suggestion === undefined ? {} : { suggestion }),
      };
    }),
    ...missing.map((name): Diagnostic => ({
      severity: 'error',
      code: `missing-${kind}`,
      message: `${programName(instance)} needs the ${kind} ${name}`,
      at: instance.program.at,
      help: `declare it in ${kind}s`,
    })),
  ];
}
