import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import type { Result } from '../../result.ts';
import type { HubAccess, ModelPlace, Project } from '../../runner/project.ts';
import type { PushProgress, PushTarget } from '../../trained/push-model.ts';
import type { Publication, PublicationRequest } from '../../trained/publication.ts';
import { sizeText } from '../../runner/wording/size-text.ts';
import { printJson } from '../output/print-json.ts';
import { openProgressLine } from '../output/progress-line.ts';
import { openProjectHere, withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { reportProblem } from '../output/report-problem.ts';
import { refuse } from '../refuse.ts';
import { openScreen } from '../output/screen.ts';

interface PushOptions extends PipelineOptions {
  readonly public?: true;
  readonly license?: string;
  readonly as?: string;
  readonly yes?: true;
  readonly dryRun?: true;
}

/** `pipeline push-model`. */
export function pushModelCommand(): Command {
  return withPipelineOptions(new Command('push-model'))
    .description(
      'Push a trained model with its card to the Hugging Face hub. The card gets the scores of its ' +
        'evaluation; the repository is private.',
    )
    .argument('<instance>', 'an instance with an out of kind "model"')
    .argument('<repository>', 'hf:owner/name')
    .option('--license <id>', 'licence of the model, such as apache-2.0, if its card names none')
    .option('--as <evaluation>', 'use the scores of this evaluation: an instance or a stage')
    .option('--public', 'make the repository public')
    .option('--yes', 'push without asking')
    .option('--dry-run', 'show what would be pushed, without asking the hub anything')
    .addHelpText(
      'after',
      '\nExample:\n  HF_TOKEN=… pipeline push-model train:aimc,lora hf:me/medical-lora --license apache-2.0',
    )
    .action((instance: string, repository: string, options: PushOptions) =>
      push(instance, repository, options),
    );
}

async function push(instance: string, named: string, options: PushOptions): Promise<void> {
  const repository = /^(?:hf:)?([\w.-]+\/[\w.-]+)$/.exec(named)?.[1];
  if (repository === undefined) return refuse(`"${named}" is not a repository: expected hf:owner/name`, 2);
  const project = await openProjectHere(options);
  try {
    const access = await project.hubAccess();
    if (options.dryRun !== true) {
      if (access.offline) return refuse('HF_HUB_OFFLINE is set: unset it to push', 2);
      if (access.token === undefined)
        return refuse('set HF_TOKEN to a Hugging Face token with write access', 2);
    }
    const place = await project.model(instance);
    if (!place.ok) return await reportProblem(place.error, options);
    const { publicationOf } = await import('../../trained/publication.ts');
    const request = await publicationRequest(project, place.value, repository, options);
    if (!request.ok) return refuse(request.error, 2);
    const publication = await publicationOf(request.value);
    if (!publication.ok) return refuse(publication.error, 2);
    if (options.dryRun !== true)
      return await send(access, place.value, repository, publication.value, options);
    if (options.json === true) printJson(pushedJson(place.value, repository, publication.value));
    else process.stdout.write(await planText(place.value, repository, publication.value, undefined));
  } finally {
    project.close();
  }
}

async function send(
  access: HubAccess,
  place: ModelPlace,
  repository: string,
  publication: Publication,
  options: PushOptions,
): Promise<void> {
  const { pushModel, visibilityOf } = await import('../../trained/push-model.ts');
  const { instance } = place;
  const { files } = publication;
  const target = await visibilityOf({ access, repository, isPublic: options.public === true });
  if (!target.ok) return refuse(target.error, 2);
  const screen = openScreen();
  screen.write(await planText(place, repository, publication, target.value));
  if (!(await isConfirmed(options)))
    return refuse('nothing was pushed: confirm with `--yes`', options.yes === true ? 1 : 2);
  const line = openProgressLine(screen);
  const pushed = await pushModel({
    access,
    repository,
    target: target.value,
    files,
    title: `Add ${instance}`,
    onProgress: (progress) => line.show(progressText(progress)),
  });
  line.close();
  if (!pushed.ok) return refuse(pushed.error, 1);
  if (options.json === true) printJson({ ...pushedJson(place, repository, publication), url: pushed.value });
  else process.stdout.write(`pushed ${instance} to ${pushed.value}\n`);
}

/** Only a model that its evaluation scored is published, so never an out-of-date one. */
async function publicationRequest(
  project: Project,
  place: ModelPlace,
  repository: string,
  options: PushOptions,
): Promise<Result<PublicationRequest>> {
  const { modelFolders } = await import('../../trained/open-model.ts');
  const folders = modelFolders(project.root, place, options);
  if (!folders.ok) return folders;
  const [warning] = folders.value.warnings;
  if (warning !== undefined) return { ok: false, error: warning };
  const { scoresOf } = await import('../../trained/scores-of.ts');
  const models = await project.models();
  const results = models.ok
    ? models.value?.find(({ model }) => model.instance === place.instance)
    : undefined;
  const scores = scoresOf(project.root, results?.evaluations ?? [], options.as);
  if (!scores.ok) return scores;
  if (scores.value === undefined)
    openScreen().write(
      `warning: ${place.instance} has no evaluation with a result: its card has no scores\n`,
    );
  return {
    ok: true,
    value: {
      folder: folders.value.trained,
      name: repository.split('/')[1] ?? repository,
      license: options.license,
      scores: scores.value,
    },
  };
}

async function planText(
  { instance, baseName }: ModelPlace,
  repository: string,
  { files, license }: Publication,
  target: PushTarget | undefined,
): Promise<string> {
  const { fileListText } = await import('../output/texts/file-list-text.ts');
  const seenBy = target === undefined ? '' : ` (${target.isNew ? 'new, ' : ''}${target.visibility})`;
  return [
    `${instance} to hf:${repository}${seenBy}, licence ${license}, base ${baseName ?? 'none'}:`,
    ...fileListText(files),
    '',
  ].join('\n');
}

const pushedJson = ({ instance }: ModelPlace, repository: string, { license, files }: Publication) => ({
  instance,
  repository,
  license,
  files: files.map(({ path, bytes }) => ({ path, bytes })),
});

const progressText = ({ step, bytes, total }: PushProgress): string =>
  `${step}  ${sizeText(bytes)} of ${sizeText(total)}`;

async function isConfirmed({ yes }: PushOptions): Promise<boolean> {
  if (yes === true) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question('push these files? [y/N] ');
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}
