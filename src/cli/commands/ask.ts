import { createInterface } from 'node:readline';
import { Command } from 'commander';
import type { Result } from '../../result.ts';
import type { ModelPlace, Project } from '../../runner/project.ts';
import { printableLines } from '../../runner/wording/printable.ts';
import type { AskOverrides } from '../../trained/ask-settings.ts';
import type { AnsweringModel, ModelAnswer } from '../../trained/open-answering-model.ts';
import { decimalNumber } from '../options/decimal-number.ts';
import { jsonLine, printJson } from '../output/print-json.ts';
import { openProjectHere, withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { reportProblem } from '../output/report-problem.ts';
import { refuse } from '../refuse.ts';
import { openScreen } from '../output/screen.ts';
import { wholeNumber } from '../options/whole-number.ts';

interface AskOptions extends PipelineOptions, Omit<AskOverrides, 'noRepeatNgram'> {
  readonly ngram?: number;
  readonly compare?: string;
  readonly as?: string;
}

/** `pipeline ask`. */
export function askCommand(): Command {
  return withPipelineOptions(new Command('ask'))
    .description(
      'Ask a trained model. Without a question, questions are read from stdin, one per line. Answers ' +
        'are generated with the settings of the evaluation of the model.',
    )
    .argument('<instance>', 'an instance with an out of kind "model"')
    .argument('[question]')
    .option('--compare <instance>', 'also show the answer of this model')
    .option('--as <evaluation>', 'use the settings of this evaluation: an instance or a stage')
    .option('--beams <count>', 'number of beams for beam search', wholeNumber(1))
    .option(
      '--length-penalty <power>',
      'length penalty of beam search: above 0 favours longer answers, below 0 shorter ones',
      decimalNumber(),
    )
    .option('--max-length <tokens>', 'maximum number of tokens in an answer', wholeNumber(2))
    .option('--ngram <size>', 'forbid repeated n-grams of this size; 0 allows them', wholeNumber(0))
    .option(
      '--temperature <value>',
      'sample with this temperature instead of using beam search',
      decimalNumber(0),
    )
    .option(
      '--top-k <count>',
      'sample only from this many of the most probable tokens; 0: from all',
      wholeNumber(0),
    )
    .option(
      '--top-p <share>',
      'sample only from the most probable tokens that add up to this probability',
      decimalNumber(0, 1),
    )
    .option('--seed <seed>', 'seed of the sampling', wholeNumber(0))
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline ask train:aimc,lora "What helps against headache?"\n  pipeline ask ' +
        'train:aimc,lora --compare train:aimc,full --beams 1',
    )
    .action((instance: string, question: string | undefined, options: AskOptions) =>
      ask(instance, question, options),
    );
}

async function ask(instance: string, question: string | undefined, options: AskOptions): Promise<void> {
  if (question?.trim() === '') return refuse('the question is empty', 2);
  const project = await openProjectHere(options);
  const models: AnsweringModel[] = [];
  try {
    for (const name of [instance, ...(options.compare === undefined ? [] : [options.compare])]) {
      const place = await project.model(name);
      if (!place.ok) return await reportProblem(place.error, options);
      const model = await opened(project, place.value, name === instance, options);
      if (!model.ok) return refuse(model.error, 2);
      models.push(model.value);
    }
    if (question !== undefined) await answer(models, question, options);
    else await converse(models, options);
  } finally {
    for (const model of models) await model.release();
    project.close();
  }
}

/** The second model is run like the first, by the evaluation of the same stage. */
async function opened(
  project: Project,
  place: ModelPlace,
  isFirst: boolean,
  options: AskOptions,
): Promise<Result<AnsweringModel>> {
  const { openAnsweringModel } = await import('../../trained/open-answering-model.ts');
  const stage = options.as?.split(/[[:]/, 1)[0];
  return openAnsweringModel({
    root: project.root,
    place,
    typed: options,
    as: isFirst ? options.as : stage,
    overrides: { ...options, ...(options.ngram === undefined ? {} : { noRepeatNgram: options.ngram }) },
    onWarning: (text) => openScreen().write(`warning: ${text}\n`),
  });
}

async function answer(
  models: readonly AnsweringModel[],
  question: string,
  options: AskOptions,
  isOneOfMany = false,
): Promise<void> {
  const answers: ModelAnswer[] = [];
  for (const model of models) answers.push(...(await model.answer(question, new AbortController().signal)));
  if (options.json !== true) process.stdout.write(printableLines(answersText(answers)));
  else if (isOneOfMany) process.stdout.write(jsonLine({ question, answers }));
  else printJson({ question, answers });
}

/** One answer is printed alone; several with the name of the model that gave each. */
function answersText(answers: readonly ModelAnswer[]): string {
  const isOneModel = new Set(answers.map(({ instance }) => instance)).size === 1;
  const isOneSetting = new Set(answers.map(({ setting }) => setting)).size === 1;
  return answers
    .map((one) => {
      const names = [...(isOneModel ? [] : [one.instance]), ...(isOneSetting ? [] : [one.setting])];
      return `${names.length === 0 ? '' : `${names.join(', ')}: `}${one.answer}\n`;
    })
    .join('');
}

/** A question a line, from a person or a file; empty lines are passed over. */
async function converse(models: readonly AnsweringModel[], options: AskOptions): Promise<void> {
  const isPerson = process.stdin.isTTY === true && process.stderr.isTTY === true;
  const lines = createInterface({
    input: process.stdin,
    ...(isPerson ? { output: process.stderr, prompt: '? ' } : {}),
  });
  if (isPerson) lines.prompt();
  for await (const line of lines) {
    if (line.trim() !== '') await answer(models, line.trim(), options, true);
    if (isPerson) lines.prompt();
  }
}
