import { projectPath } from '../project-path.ts';
import { commandShape, shellShape } from './command-shape.ts';
import { dependencyShape } from './dependency-shape.ts';
import { matrix } from './matrix-shape.ts';
import { outShape } from './out-shape.ts';
import { bytes, seconds } from './quantity-shapes.ts';
import { searchShape } from './search-shape.ts';
import {
  anyMap,
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
  text,
  wholeNumber,
  type Instead,
  type Of,
} from './shape.ts';
import { whenShape } from './when-shape.ts';

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
    cmd: optional(commandShape, 'any other program: a list of words, or a line for /bin/sh'),
    shell: optional(shellShape, 'the shell that runs a cmd that is a line; default: [/bin/sh, -e, -c]'),
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
      mapOf('a map of outs, such as { model: model.bin }', namePattern, outShape),
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
