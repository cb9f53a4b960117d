/**
 * What `pipeline init` copies: a folder a template, put together from `templates` and, for fine-tuning, the
 * default experiment.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Of this repository, the experiment that a project for fine-tuning starts with. */
const pipelineFiles = ['pipeline.yaml', 'experiments/real-rows.yaml', 'experiments/mt5-base.yaml'];
const data = ['data/raw', 'data/questions', 'data/models/nano-mt5'];

export async function copyTemplates(root, folder) {
  for (const name of ['starter', 'finetune']) {
    for (const part of ['shared', name])
      await cp(join(root, 'templates', part), join(folder, name), { recursive: true });
  }
  const finetune = join(folder, 'finetune');
  for (const path of data) await cp(join(root, path), join(finetune, path), { recursive: true });
  for (const path of pipelineFiles) {
    await mkdir(dirname(join(finetune, path)), { recursive: true });
    await writeFile(join(finetune, path), asInstalled(await readFile(join(root, path), 'utf8')));
  }
}

/**
 * A pipeline file of this repository, as a project has it that finds the stage programs in the installed
 * package.
 */
const asInstalled = (yaml) =>
  yaml
    .replace(/^( *uses:) (stages\/[\w-]+)\.ts$/gm, '$1 medical-qa-pipeline/$2')
    .replace(/\$schema=(\.\.?)\/docs\//, '$schema=$1/node_modules/medical-qa-pipeline/docs/');
