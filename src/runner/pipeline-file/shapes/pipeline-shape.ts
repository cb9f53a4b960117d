import type { Schema } from '../../../stage/define-stage.ts';
import type { Located, Range } from '../../diagnostic.ts';
import type { OutKind } from '../pipeline.ts';
import { nearest } from '../nearest.ts';
import type { MapNode, ScalarNode } from '../yaml/node.ts';
import type { StageDependency, StageOut, WrittenBest } from '../pipeline.ts';
import { matrix } from './matrix-shape.ts';
import { searchShape } from './search-shape.ts';
import { whenShape } from './when-shape.ts';
import { trackingShape } from './tracking-shape.ts';
import { executorsShape } from './executor-shape.ts';
import { projectPath } from '../project-path.ts';
import { bytes, seconds } from './quantity-shapes.ts';
import {
  anyMap,
  badName,
  choice,
  flag,
  late,
  lateText,
  listOf,
  map,
  mapOf,
  matching,
  namePattern,
  optional,
  record,
  required,
  text,
  wholeNumber,
  word,
  type Instead,
  type Of,
  type Shape,
} from './shape.ts';

const outKinds = [
  'file',
  'metrics',
  'series',
  'table',
  'text',
  'image',
  'model',
] as const satisfies readonly OutKind[];

const longOut = record('an out', {
  path: required(lateText('a path'), "a path inside the instance's own folder"),
  kind: optional(word(outKinds), 'how it is shown: metrics is JSON, series is JSON Lines by step'),
  workspace: optional(
    flag,
    'true: the path is relative to the project root, for programs that choose where they write',
  ),
  push: optional(flag, 'false: its bytes are never uploaded to the shared cache'),
  temp: optional(
    flag,
    'true: its bytes are dropped when all that reads them is up to date; ' +
      'they come back by running the stage again',
  ),
});

const out: Shape<StageOut> = choice(
  'a path, or a map with path, kind and workspace',
  {
    short: map(lateText('a path'), (path): StageOut => ({
      path,
      kind: 'file',
      workspace: false,
      push: true,
      temp: false,
      at: path.at,
    })),
    long: map(longOut, ({ path, kind, workspace, push, temp, at }, _, report): StageOut | undefined => {
      const kept =
        kind !== undefined && kind.value !== 'file'
          ? kind
          : workspace?.value === true
            ? workspace
            : undefined;
      if (temp?.value === true && kept !== undefined)
        return void report({
          severity: 'error',
          code: 'bad-temp',
          message: `an out with \`temp: true\` is only for other stages, so it cannot have ${
            kept === workspace ? '`workspace: true`' : `\`kind: ${kind?.value}\``
          }`,
          at: kept.at,
          help: 'leave one of them out',
        });
      return {
        path,
        kind: kind?.value ?? 'file',
        workspace: workspace?.value ?? false,
        push: push?.value ?? true,
        temp: temp?.value ?? false,
        at,
      };
    }),
  },
  (node) => (node.kind === 'map' ? 'long' : 'short'),
);

const join = record('a dep on a stage', {
  from: required(text, 'the stage whose out is read: its instance with the same values of every shared axis'),
  out: required(text, 'the name of its out'),
  gather: optional(flag, 'true: read all instances with the same values of the shared axes'),
});

const filed = record('a dep on a path', {
  path: required(
    lateText('a path'),
    'a file, a folder or a pattern with * and **; its content is part of the key',
  ),
  external: optional(flag, 'true: it lies outside the project and is only read'),
  ignore: optional(
    flag,
    'false: every file of the folder counts, even those that systems and editors leave there',
  ),
  optional: optional(
    flag,
    'true: it may be missing, or match no file; the stage runs again when that changes',
  ),
  hint: optional(text, 'help shown if it is missing, such as where to get it'),
});

export const dependencyShape: Shape<StageDependency> = choice(
  'a path, hf:owner/name@revision, or a map with from and out',
  {
    short: map(lateText('a path'), (path): StageDependency => ({
      kind: 'path',
      path,
      external: false,
      ignore: true,
      optional: false,
      hint: undefined,
      at: path.at,
    })),
    join: map(join, ({ from, out: name, gather, at }): StageDependency => ({
      kind: 'from',
      stage: from,
      out: name,
      gather: gather?.value ?? false,
      at,
    })),
    filed: map(filed, ({ path, external, ignore, optional: isOptional, hint, at }): StageDependency => ({
      kind: 'path',
      path,
      external: external?.value ?? false,
      ignore: ignore?.value ?? true,
      optional: isOptional?.value ?? false,
      hint: hint?.value,
      at,
    })),
  },
  (node) => (node.kind !== 'map' ? 'short' : looksLikeJoin(node) ? 'join' : 'filed'),
);

const looksLikeJoin = ({ entries }: MapNode): boolean =>
  !entries.has('path') &&
  !entries.has('external') &&
  [...entries.keys()].some(
    (name) =>
      name === 'from' ||
      name === 'out' ||
      name === 'gather' ||
      nearest(name, ['from', 'gather']) !== undefined,
  );

type Command =
  | { readonly kind: 'argv'; readonly words: readonly ScalarNode[]; readonly at: Range }
  | { readonly kind: 'shell'; readonly line: ScalarNode; readonly at: Range };

const command: Shape<Command> = choice(
  'a list of words, or a line for the shell',
  {
    shell: map(lateText('a line for the shell'), (line): Command => ({ kind: 'shell', line, at: line.at })),
    argv: map(listOf('a list of words', lateText('a word')), (words, { at }, report): Command | undefined =>
      words.length > 0
        ? { kind: 'argv', words, at }
        : void report({
            severity: 'error',
            code: 'empty-command',
            message: 'a command needs at least the name of a program',
            at,
          }),
    ),
  },
  (node) => (node.kind === 'list' ? 'argv' : 'shell'),
);

/** Shells that parse a quoted word as POSIX does, so that no value becomes code. */
const posixShells = ['sh', 'bash', 'dash', 'ksh', 'mksh', 'zsh', 'ash', 'yash'];

const shell: Shape<Located<readonly string[]>> = map(
  listOf('a shell and its options: [bash, -euo, pipefail, -c]', text),
  (words, { at }, report) => {
    const values = words.map(({ value }) => value);
    const name = values[0]?.split('/').at(-1) ?? '';
    if (posixShells.includes(name) && values.slice(1).some((option) => /^-\w*c$/.test(option)))
      return { value: values, at };
    return void report({
      severity: 'error',
      code: 'bad-shell',
      message:
        `expected a shell with POSIX quoting (${posixShells.join(', ')}) and its options, including ` +
        '-c: the line of cmd becomes its last argument',
      at: words[0]?.at ?? at,
      help: 'to run a line with another program, write cmd as a list: [fish, -c, "…"]',
    });
  },
);

const usesPath = map(text, ({ value, at }, _, report) => {
  const path = projectPath(value);
  return path.ok
    ? { value: path.value, at }
    : void report({ severity: 'error', code: 'bad-path', message: path.error, at });
});

const environmentNames = listOf(
  'a list of names of environment variables',
  matching('the name of an environment variable', /^[A-Za-z_][A-Za-z0-9_]*$/),
);

/** Names that stages, steps and rules have in DVC, Snakemake, Make-like files and CI services. */
const stagesElsewhere: Readonly<Record<string, Instead>> = {
  always_changed: { help: 'for a stage that runs every time write `cache: false`' },
  command: { suggestion: 'cmd' },
  depends: { suggestion: 'deps' },
  depends_on: { suggestion: 'deps' },
  desc: { suggestion: 'description' },
  foreach: { suggestion: 'matrix' },
  input: { suggestion: 'deps' },
  inputs: { suggestion: 'deps' },
  metrics: { help: 'metrics are an out: `outs: { metrics: { path: metrics.json, kind: metrics } }`' },
  needs: { suggestion: 'deps' },
  output: { suggestion: 'outs' },
  outputs: { suggestion: 'outs' },
  parameters: { suggestion: 'params' },
  plots: { help: 'the data of a plot are an out: `outs: { loss: { path: loss.jsonl, kind: series } }`' },
  run: { suggestion: 'cmd' },
  script: { suggestion: 'cmd' },
  threads: { help: 'write `resources: { cpus: 4 }`' },
  wdir: { help: 'a cmd starts in the project folder: write `cmd: cd folder && …`' },
};

/** The fields of a stage, unresolved. */
export const stageShape = record(
  'a stage',
  {
    description: optional(text, 'a description for readers'),
    matrix: optional(matrix, 'the axes that it is repeated over: a product, or a list of products'),
    when: optional(whenShape, 'a condition for its instances: values of axes, vars.x and params.x'),
    search: optional(searchShape, 'an axis whose points are drawn at random from a seed'),
    uses: optional(
      usesPath,
      'a stage program: a TypeScript file of the project, or a module of a package ' +
        '(medical-qa-pipeline/stages/train)',
    ),
    cmd: optional(command, 'any other program: a list of words, or a line for /bin/sh'),
    shell: optional(shell, 'the shell that runs a cmd that is a line; default: [/bin/sh, -e, -c]'),
    code: optional(
      listOf('a list of paths, with * and **', lateText('a path')),
      'the project files that cmd runs; the stage runs again when they change',
    ),
    deps: optional(
      mapOf('a map of deps, such as { rows: rows.csv }', namePattern, dependencyShape),
      'what it reads, by name',
    ),
    params: optional(anyMap('a map of params'), 'the values that it gets'),
    outs: optional(
      mapOf('a map of outs, such as { model: model.bin }', namePattern, out),
      'what it writes, by name',
    ),
    env: optional(environmentNames, 'environment variables that it sees, part of its key'),
    passEnv: optional(
      environmentNames,
      'environment variables that it sees, not part of its key: for secrets',
    ),
    resources: optional(
      record('resources', {
        cpus: optional(late(wholeNumber(1)), 'how many CPU cores it uses'),
        gpus: optional(late(wholeNumber(0)), 'how many GPUs it needs'),
        memory: optional(late(bytes), 'how much memory it needs'),
        time: optional(late(seconds), 'the time limit of its job in a queue'),
      }),
      'what it needs of the machine',
    ),
    executor: optional(late(text), 'where it runs: local, slurm, or a name of executors'),
    timeout: optional(late(seconds), 'the time after which it is stopped'),
    retries: optional(late(wholeNumber(0)), 'how many times it is retried after a failure'),
    cache: optional(flag, 'false: it runs every time'),
    frozen: optional(flag, 'true: it does not run; its last result is used, whatever changed since'),
    push: optional(flag, 'false: the bytes of its outs are never uploaded to the shared cache'),
  },
  stagesElsewhere,
);

export type StageFields = Of<typeof stageShape>;

const bestDescription = 'which instance of a stage is the best; stages get it as ${best}';

/** `best`, unresolved. */
export const bestShape: Shape<WrittenBest> = record('a map with by, goal and within', {
  by: required(text, 'a number of an out of kind metrics: stage.out.name, as train.summary.selection_loss'),
  goal: required(word(['min', 'max']), 'whether the smallest or the greatest is the best'),
  within: optional(
    listOf('a list of axes', text),
    'axes of the stage: one best for each of their values; default: one of all instances',
  ),
});

/** Where a shared cache can be. */
export const remotePattern = /^(s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^\s]*)?|file:\/\/\/[^\0]+)$/;

/** The fields of the shared cache that a machine file may set as well. */
export const remoteFields = {
  remote: optional(
    matching('s3://bucket/prefix or file:///folder', remotePattern),
    'where results are shared: s3://bucket/prefix or file:///folder',
  ),
  read: optional(flag, 'false: results are not downloaded; default: true'),
  write: optional(flag, 'true: results of runs are uploaded, signed with your private key'),
};

const sharedCache = record('the shared cache', {
  ...remoteFields,
  project: optional(text, 'the name under which results are shared; default: the name of the pipeline'),
  trust: optional(
    listOf(
      'a list of public keys',
      matching('a public key as `pipeline key` shows it (ed25519:…)', /^ed25519:[0-9a-f]{64}$/),
    ),
    'whose results are used, in this order; default: only your own',
  ),
});

/**
 * The fields of a pipeline file, unresolved. Stages are read one by one, so that one with faults does not
 * hide others.
 */
export const pipelineShape = record('a pipeline file', {
  name: optional(
    map(text, (name, _, report) =>
      namePattern.test(name.value) ? name : void report(badName(name.value, name.at)),
    ),
    'the name of its folder in artifacts; default: the name of the file',
  ),
  extends: optional(text, 'another pipeline file, which this one changes by JSON merge patch'),
  vars: optional(
    anyMap('a map of values'),
    'values to refer to as ${vars.name}; { $file: params.yaml } takes them from a file',
  ),
  shell: optional(shell, 'the shell that runs commands that are lines; a stage can override it'),
  best: optional(anyMap('a map with by, goal and within'), bestDescription),
  cache: optional(sharedCache, 'results that several machines share'),
  executor: optional(text, 'the default executor of stages; default: local'),
  executors: optional(executorsShape(namePattern), 'queues that stages can be run on, by name'),
  tracking: optional(trackingShape, 'trackers that runs are sent to; not part of any key'),
  stages: required(anyMap('a map of stages'), 'the steps, by name'),
});

/**
 * The JSON Schema of a pipeline file: what `pipeline schema` prints, for editors. Made from the shapes that
 * check it.
 */
export function pipelineSchema(): Schema {
  const { properties, ...rest } = pipelineShape.schema;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'pipeline.yaml',
    ...rest,
    // A file that extends another may leave anything out.
    required: [],
    properties: {
      ...(isObject(properties) ? properties : {}),
      best: { description: bestDescription, ...bestShape.schema },
      stages: {
        description: 'the steps, by name',
        type: 'object',
        propertyNames: { pattern: namePattern.source },
        additionalProperties: stageShape.schema,
      },
    },
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
