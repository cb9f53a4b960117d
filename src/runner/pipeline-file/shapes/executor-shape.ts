import type { Located } from '../../diagnostic.ts';
import {
  type CommandSettings,
  type ExecutorSettings,
  localName,
  type SlurmSettings,
} from '../executor-settings.ts';
import { seconds } from './quantity-shapes.ts';
import {
  choice,
  listOf,
  map,
  mapOf,
  type Named,
  optional,
  record,
  refuse,
  required,
  type Shape,
  text,
  wholeNumber,
  word,
} from './shape.ts';

/** An unresolved text: the values of "${…}" in it are known when a job is submitted, or to the shell. */
const verbatim: Shape<Located<string>> = {
  schema: { type: 'string' },
  expected: 'a text',
  read: (node, report) =>
    node.kind === 'scalar' && typeof node.value === 'string'
      ? { value: node.text, at: node.at }
      : refuse(node, 'a text', report),
};

const lines = listOf('a list of lines for the shell', verbatim);

const words = map(listOf('a list of words', verbatim), (list, { at }, report) =>
  list.length > 0
    ? list
    : void report({
        severity: 'error',
        code: 'empty-command',
        message: 'a command needs at least the name of a program',
        at,
      }),
);

const queueFields = {
  jobs: optional(
    wholeNumber(1),
    'the maximum number of jobs in the queue at once, waiting ones included; default: 100',
  ),
  setup: optional(lines, 'lines of the shell that run before each job: module load node'),
  node: optional(verbatim, 'the Node that runs jobs there; default with setup lines: the first on PATH'),
  interval: optional(seconds, 'how often the queue is polled; default: every 10 seconds'),
  grace: optional(
    seconds,
    'how long to wait for the result of a job that left the queue; default: 60 seconds',
  ),
};

const slurm = record('settings of a Slurm executor', {
  kind: optional(word(['slurm']), 'slurm: jobs are submitted by sbatch'),
  partition: optional(text, 'the partition: --partition'),
  account: optional(text, 'the account that is charged: --account'),
  constraint: optional(text, 'features that nodes must have: --constraint'),
  time: optional(seconds, 'the time limit of stages that set none: --time'),
  extra: optional(listOf('a list of words for sbatch', verbatim), 'further options of sbatch: [--qos=low]'),
  array: optional(
    wholeNumber(2),
    'the maximum number of short jobs that are submitted together as one array',
  ),
  ...queueFields,
});

const command = record('settings of a command executor', {
  kind: optional(word(['command']), 'command: jobs are submitted by a command of your own'),
  submit: required(words, 'submits the script ${script}, and prints the id of the job'),
  poll: required(words, 'prints the state of the job ${id}: pending, running or gone'),
  cancel: required(words, 'ends the job ${id}'),
  ...queueFields,
});

const member: Shape<ExecutorSettings> = choice<ExecutorSettings, 'slurm' | 'command'>(
  'settings of an executor (a map)',
  {
    slurm: map(slurm, ({ partition, account, constraint, time, extra, array, ...fields }): SlurmSettings => ({
      kind: 'slurm',
      ...given({ partition, account, constraint, time, array }),
      ...(extra === undefined ? {} : { extra: extra.map(({ value }) => value) }),
      ...queueSettings(fields),
    })),
    command: map(command, ({ submit, poll, cancel, ...fields }): CommandSettings => ({
      kind: 'command',
      submit: submit.map(({ value }) => value),
      poll: poll.map(({ value }) => value),
      cancel: cancel.map(({ value }) => value),
      ...queueSettings(fields),
    })),
  },
  (node) => {
    if (node.kind !== 'map') return 'slurm';
    const kind = node.entries.get('kind')?.value;
    const saysCommand = kind?.kind === 'scalar' && kind.value === 'command';
    return saysCommand || (kind === undefined && node.entries.has('submit')) ? 'command' : 'slurm';
  },
);

interface QueueFields {
  readonly jobs: Located<number> | undefined;
  readonly setup: readonly Located<string>[] | undefined;
  readonly node: Located<string> | undefined;
  readonly interval: Located<number> | undefined;
  readonly grace: Located<number> | undefined;
}

const queueSettings = ({ jobs, setup, node, interval, grace }: QueueFields) => ({
  ...given({ jobs, node, interval, grace }),
  ...(setup === undefined ? {} : { setup: setup.map(({ value }) => value) }),
});

type Given<F> = { readonly [Name in keyof F]?: F[Name] extends Located<infer T> | undefined ? T : never };

/** The fields that are written, without their places. */
const given = <F extends Readonly<Record<string, Located<unknown> | undefined>>>(fields: F): Given<F> =>
  // The one cast: each name keeps the value of its own place.
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, located]) =>
      located === undefined ? [] : [[name, located.value]],
    ),
  ) as Given<F>;

/** The map `executors` of a pipeline file or a machine file. */
export const executorsShape = (names: RegExp): Shape<ReadonlyMap<string, ExecutorSettings>> =>
  map(mapOf('a map of executors', names, member), (members, _, report) => {
    const local: Named<ExecutorSettings> | undefined = members.get(localName);
    return local === undefined
      ? new Map([...members].map(([name, { value }]) => [name, value]))
      : void report({
          severity: 'error',
          code: 'bad-name',
          message: `"${localName}" is this machine, and has no settings here`,
          at: local.key,
        });
  });
