import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { fileProblemText } from '../../files/file-problem.ts';
import { leastRows } from '../../ml/metrics/estimate.ts';
import type { ModelComparison, ScoredModel } from '../../ml/metrics/compare-models.ts';
import type { Result } from '../../result.ts';
import type { Artifact, Problem, Project, ResultFiles, Selection } from '../../runner/project.ts';
import { pluralize } from '../../runner/wording/pluralize.ts';
import { quotedCommand, type TypedPipeline } from '../../runner/wording/command-text.ts';
import { printJson } from '../output/print-json.ts';
import { openProjectHere, withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { reportProblem } from '../output/report-problem.ts';
import { refuse } from '../refuse.ts';
import { openScreen } from '../output/screen.ts';
import { wholeNumber } from '../options/whole-number.ts';

interface CompareOptions extends PipelineOptions {
  readonly seed: number;
  readonly profile: 'multilingual' | 'reference';
  readonly against?: string;
  readonly score?: string;
  readonly at?: string;
}

/** `pipeline compare`. */
export function compareCommand(): Command {
  return withPipelineOptions(new Command('compare'))
    .description('Compare evaluated models row by row: mean difference, its 95 % interval and p-value.')
    .argument(
      '<instance...>',
      'two or more instances, or a pattern of them, with an out "predictions" (or "validation": losses of ' +
        'a training)',
    )
    .addOption(
      new Option('--profile <profile>', 'text normalization of the scores')
        .choices(['multilingual', 'reference'])
        .default('multilingual'),
    )
    .option('--against <instance>', 'compare every instance with this one, instead of every pair')
    .option(
      '--score <name>',
      'compare only this score, such as rougeL (the default for more than two models)',
    )
    .option('--at <revision>', 'compare the answers of this commit that are still in the cache')
    .option('--seed <seed>', 'seed of the randomization test', wholeNumber(0), 42)
    .addHelpText(
      'after',
      [
        '\nExamples:',
        'pipeline compare eval:aimc,lora eval:aimc,full',
        'pipeline compare eval:aimc,lora eval:aimc,full --at HEAD~1',
        "pipeline compare 'eval[aimc,*]' --against eval:aimc,base",
      ].join('\n  '),
    )
    .action(async (patterns: readonly string[], options: CompareOptions) => {
      const project = await openProjectHere(options);
      try {
        await compare(project, patterns, options);
      } finally {
        project.close();
      }
    });
}

async function compare(
  project: Project,
  patterns: readonly string[],
  options: CompareOptions,
): Promise<void> {
  const models: ScoredModel[] = [];
  const selected = options.against === undefined ? patterns : [options.against, ...patterns];
  for (const pattern of selected) {
    const selection = { patterns: [pattern], mode: 'only' } as const;
    const declared = await project.artifacts(selection);
    if (!declared.ok) return await reportProblem(declared.error, options);
    const found = await resultsFor(project, selection, options);
    if (!found.ok) return await reportProblem(found.error, options);
    if (!found.value.ok) return refuse(found.value.error, 1);
    const { results, evicted, commit } = found.value.value;
    const isEvicted = ({ instance }: Artifact): boolean => evicted.includes(instance);
    for (const instance of evicted)
      openScreen().write(
        `warning: the answers of ${instance} at ${commit} are not in the cache: it is left out\n`,
      );
    const left = declared.value.filter((artifact) => !isEvicted(artifact));
    if (left.length === 0 && evicted.length > 0) continue;
    const read = await modelsOf(project.root, pattern, left, results, options);
    if (!read.ok) return refuse(read.error, 2);
    models.push(...read.value.filter(({ name }) => !models.some((known) => known.name === name)));
  }
  const against = options.against === undefined ? undefined : models[0]?.name;
  const left = models.length === 0 ? 'no model' : 'one model';
  if (models.length < 2)
    return refuse(
      options.at === undefined
        ? `${selected.join(' ')} selects only one model: name another to compare it with`
        : `${selected.join(' ')} leaves ${left} to compare at ${options.at}`,
      2,
    );
  const { compareModels } = await import('../../ml/metrics/compare-models.ts');
  const compared = compareModels(models, { against, seed: options.seed });
  if (!compared.ok) return refuse(compared.error, 2);
  const score =
    options.score ?? (models.length > 2 && options.json !== true ? leadingScore(compared.value) : undefined);
  const shown = compared.value.filter((comparison) => score === undefined || comparison.score === score);
  if (shown.length === 0) {
    const known = [...new Set(compared.value.map((comparison) => comparison.score))];
    return refuse(`not all of them have a score "${score}": expected one of ${known.join(', ')}`, 2);
  }
  if (options.json === true) printJson({ comparisons: shown });
  else process.stdout.write(await comparisonText(shown));
}

/** The current results, or those of a commit; the inner error names the missing item. */
async function resultsFor(
  project: Project,
  selection: Selection,
  { at }: CompareOptions,
): Promise<Result<Result<ComparedResults>, Problem>> {
  if (at !== undefined) return project.resultsAtCommit(at, selection);
  const found = await project.results(selection);
  return found.ok ? { ok: true, value: { ok: true, value: { results: found.value, evicted: [] } } } : found;
}

interface ComparedResults {
  readonly results: readonly ResultFiles[];
  /** Whose results are known, and not in the cache. */
  readonly evicted: readonly string[];
  readonly commit?: string;
}

const leadingScore = (comparisons: readonly ModelComparison[]): string | undefined =>
  comparisons.find(({ score }) => score === 'rougeL')?.score ?? comparisons[0]?.score;

/** The models that a pattern names, by the scores of their rows. */
async function modelsOf(
  root: string,
  pattern: string,
  declared: readonly Artifact[],
  found: readonly ResultFiles[],
  { profile, at, ...typed }: CompareOptions,
): Promise<Result<readonly ScoredModel[]>> {
  const outs = declared.filter(({ out }) => out === 'predictions');
  const losses = declared.filter(({ out }) => out === 'validation');
  const compared = outs.length > 0 ? outs : losses;
  if (compared.length === 0) {
    const names = [...new Set(declared.map(({ out }) => out))];
    const others = names.length === 0 ? '' : `, only ${names.join(', ')}`;
    return { ok: false, error: `${pattern} declares no out "predictions"${others}` };
  }
  const { readLossRows, readScoredRows } = await import('../../ml/metrics/scored-rows.ts');
  const models: ScoredModel[] = [];
  for (const { instance, out, path } of compared) {
    const result = found.find((one) => one.instance === instance);
    const file = result?.files[out];
    if (result === undefined || file === undefined)
      return {
        ok: false,
        error:
          `${instance} has no out "${out}" yet: compute it with ` + quotedCommand(typed, 'run', [instance]),
      };
    const artifact = at === undefined ? join(root, path) : undefined;
    const doubt = await doubtAbout(result, { file: join(root, file), artifact, path }, typed);
    if (doubt !== undefined) openScreen().write(`warning: ${doubt}\n`);
    const read =
      out === 'validation'
        ? await readLossRows(join(root, file))
        : await readScoredRows(join(root, file), profile);
    if (!read.ok) return { ok: false, error: fileProblemText({ ...read.error, path }) };
    if (read.value.scoredAgain)
      openScreen().write(
        `warning: ${path} has no scores: its answers were scored now, by characters and words ("mixed")\n`,
      );
    models.push({ name: instance, rows: read.value.rows });
  }
  return { ok: true, value: models };
}

/** Why the compared file may not be the expected one. `artifact`: its path in the project. */
async function doubtAbout(
  { instance, state }: ResultFiles,
  {
    file,
    artifact,
    path,
  }: { readonly file: string; readonly artifact: string | undefined; readonly path: string },
  typed: TypedPipeline,
): Promise<string | undefined> {
  const command = quotedCommand(typed, 'run', [instance]);
  if (state === 'out-of-date')
    return `${instance} is out of date: comparing its last result (update it with ${command})`;
  return artifact !== undefined && isFile(artifact) && !(await haveSameBytes(file, artifact))
    ? `${path} was changed: comparing the cached result (restore the file with ${command})`
    : undefined;
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

async function haveSameBytes(file: string, other: string): Promise<boolean> {
  const [one, two] = await Promise.all([readFile(file), readFile(other)]);
  return one.equals(two);
}

async function comparisonText(comparisons: readonly ModelComparison[]): Promise<string> {
  const { aligned } = await import('../../runner/wording/aligned.ts');
  const pairs = new Set(comparisons.map(({ first, second }) => `${second} minus ${first}`));
  const isOnePair = pairs.size === 1;
  const heading = [
    'difference',
    '95 % interval',
    'p',
    ...(isOnePair ? [] : ['Holm p']),
    'effect',
    'detectable',
  ];
  const rows = comparisons.map((one) => [
    isOnePair ? one.score : `${one.second} minus ${one.first}`,
    signed(one.mean),
    one.method === 'range'
      ? `${signed(one.low)} to ${signed(one.high)} (range)`
      : `${signed(one.low)} to ${signed(one.high)}`,
    one.pValue.toFixed(4),
    ...(isOnePair ? [] : [one.adjustedP.toFixed(4)]),
    one.effectSize === null ? '-' : signed(one.effectSize),
    one.detectable === null ? '-' : one.detectable.toFixed(4),
  ]);
  const [first] = comparisons;
  const title = isOnePair ? [...pairs].join('') : `${first?.score}, ${pairs.size} comparisons`;
  const most = Math.max(...comparisons.map((one) => one.rows));
  const notes = [
    [
      pluralize(most, 'row'),
      'effect: mean difference, in standard deviations',
      'detectable: the difference found with 80 % power at the 5 % level',
    ].join('; '),
    ...(isOnePair ? comparisons : comparisons.slice(0, 1))
      .filter((one) => one.rows < most)
      .map((one) => `${one.score}: ${one.rows} of the rows have it`),
    ...rangeNotes(comparisons),
    ...(isOnePair ? [] : ['Holm p: adjusted for all comparisons of the table']),
  ];
  const table = aligned([[isOnePair ? 'score' : 'models', ...heading], ...rows]);
  return `${[title, ...table, '', ...notes].join('\n')}\n`;
}

function rangeNotes(comparisons: readonly ModelComparison[]): readonly string[] {
  const ranges = comparisons.filter(({ method }) => method === 'range');
  return [
    ...(ranges.some(({ rows }) => rows < leastRows)
      ? [`fewer than ${leastRows} rows: the range of the differences instead of an interval`]
      : []),
    ...(ranges.some(({ rows }) => rows >= leastRows)
      ? ['range: all rows differ by the same, so an interval cannot be computed']
      : []),
  ];
}

const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(4)}`;
