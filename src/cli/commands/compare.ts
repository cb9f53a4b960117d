import { join } from 'node:path';
import { Command, Option } from 'commander';
import { fileProblemText } from '../../files/file-problem.ts';
import type { PairedComparison } from '../../ml/metrics/paired-comparison.ts';
import { type Prediction, readPredictions } from '../../ml/metrics/prediction.ts';
import type { Result } from '../../result.ts';
import type { Problem, Project } from '../../runner/project.ts';
import { openProjectHere, withPipelineOptions, type PipelineOptions } from '../project-options.ts';
import { printJson } from '../print-json.ts';
import { reportProblem } from '../report-problem.ts';
import { openScreen } from '../screen.ts';
import { wholeNumber } from '../whole-number.ts';

interface CompareOptions extends PipelineOptions {
  readonly seed: number;
  readonly profile: 'multilingual' | 'reference';
}

export function compareCommand(): Command {
  return withPipelineOptions(new Command('compare'))
    .description(
      'Compare two evaluated models row by row: mean difference, its 95 % interval, and how probable it is by chance.',
    )
    .argument('<first>', 'an instance whose out "predictions" holds question, prediction and reference')
    .argument('<second>', 'another one, of the same test rows')
    .addOption(
      new Option('--profile <profile>', 'how rows are scored')
        .choices(['multilingual', 'reference'])
        .default('multilingual'),
    )
    .option('--seed <seed>', 'of the resampling', wholeNumber(0), 42)
    .addHelpText('after', '\nExample:\n  pipeline compare eval:aimc,lora eval:aimc,full')
    .action(async (first: string, second: string, options: CompareOptions) => {
      const project = await openProjectHere(options);
      try {
        const [left, right] = [
          await predictionsOf(project, first, options),
          await predictionsOf(project, second, options),
        ];
        if (left === undefined || right === undefined) return;
        if (!left.ok) return refuse(left.error);
        if (!right.ok) return refuse(right.error);
        const compared = await compare(left.value, right.value, options);
        if (!compared.ok) return refuse(compared.error);
        if (options.json === true) printJson({ first, second, scores: compared.value });
        else process.stdout.write(await comparisonText(first, second, compared.value));
      } finally {
        project.close();
      }
    });
}

function refuse(error: string): void {
  openScreen().write(`error: ${error}\n`);
  process.exitCode = 2;
}

/** Undefined where the problem has been reported. */
async function predictionsOf(
  project: Project,
  instance: string,
  options: CompareOptions,
): Promise<Result<readonly Prediction[]> | undefined> {
  const selection = { patterns: [instance], mode: 'only' } as const;
  const declared = await project.artifacts(selection);
  if (!declared.ok) return reported(declared.error, options);
  const found = await project.results(selection);
  if (!found.ok) return reported(found.error, options);
  const outs = declared.value.filter(({ out }) => out === 'predictions');
  const [out] = outs;
  if (out === undefined)
    return {
      ok: false,
      error: `${instance} declares no out "predictions"${declared.value.length === 0 ? '' : `, only ${[...new Set(declared.value.map((one) => one.out))].join(', ')}`}`,
    };
  if (outs.length > 1) return { ok: false, error: `${instance} names ${outs.length} instances: name one` };
  const [result] = found.value;
  const file = result?.files['predictions'];
  if (result === undefined || file === undefined)
    return { ok: false, error: `${instance} has no out "predictions" yet: pipeline run ${instance}` };
  if (result.state === 'out-of-date')
    openScreen().write(
      `warning: ${out.instance} is out of date: what is compared is its last result; pipeline run '${out.instance}' brings it up\n`,
    );
  const read = await readPredictions(join(project.root, file));
  return read.ok ? read : { ok: false, error: fileProblemText({ ...read.error, path: out.path }) };
}

async function reported(problem: Problem, options: CompareOptions): Promise<undefined> {
  await reportProblem(problem, options);
}

/** Scores both sides of every row; the rows must be the same ones. */
async function compare(
  left: readonly Prediction[],
  right: readonly Prediction[],
  { profile, seed }: CompareOptions,
): Promise<Result<Readonly<Record<string, PairedComparison>>>> {
  const differs = left.findIndex(
    (row, index) => row.question !== right[index]?.question || row.reference !== right[index]?.reference,
  );
  if (left.length !== right.length || differs !== -1)
    return {
      ok: false,
      error: `the two were not evaluated on the same rows (${left.length === right.length ? `row ${differs + 1} differs` : `${left.length} and ${right.length} rows`})`,
    };
  const { pairedComparison } = await import('../../ml/metrics/paired-comparison.ts');
  const { multilingualProfile, referenceProfile } = await import('../../ml/metrics/profile.ts');
  const { mixedTokens } = await import('../../ml/metrics/tokenize.ts');
  const score = profile === 'reference' ? referenceProfile() : multilingualProfile(mixedTokens);
  const [first, second] = [left, right].map((rows) =>
    rows.map(({ reference, prediction }) => score(reference, prediction)),
  );
  const names = ['rouge1', 'rouge2', 'rougeL', 'f1', 'exact_match'] as const;
  return {
    ok: true,
    value: Object.fromEntries(
      names.map((name) => [
        name,
        pairedComparison(
          (first ?? []).map((row) => row[name]),
          (second ?? []).map((row) => row[name]),
          { seed },
        ),
      ]),
    ),
  };
}

async function comparisonText(
  first: string,
  second: string,
  scores: Readonly<Record<string, PairedComparison>>,
): Promise<string> {
  const { aligned } = await import('../../runner/wording/aligned.ts');
  const rows = Object.entries(scores).map(([name, { mean, low, high, pValue }]) => [
    name,
    signed(mean),
    `${signed(low)} to ${signed(high)}`,
    pValue.toFixed(4),
  ]);
  return `${second} minus ${first}\n${aligned([['score', 'difference', '95 % interval', 'p'], ...rows]).join('\n')}\n`;
}

const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(4)}`;
