import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { printJson } from '../output/print-json.ts';
import { openProjectHere, withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { reportProblem } from '../output/report-problem.ts';
import { refuse } from '../refuse.ts';
import { openScreen } from '../output/screen.ts';

interface ExportModelOptions extends PipelineOptions {
  readonly merge?: true;
  readonly onnx?: true;
}

/** `pipeline export-model`. */
export function exportModelCommand(): Command {
  return withPipelineOptions(new Command('export-model'))
    .description('Write a trained model as a self-contained folder: an adapter is merged into its base.')
    .argument('<instance>', 'an instance with an out of kind "model"')
    .argument('<folder>', 'where to write it; it must not exist, or be empty')
    .option('--merge', 'write a model folder for transformers')
    .option('--onnx', 'write ONNX graphs, for onnxruntime, transformers.js and optimum')
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline export-model train:aimc,lora models/medical --merge\n  pipeline ' +
        'export-model train:aimc,lora models/medical-onnx --onnx',
    )
    .action((instance: string, folder: string, options: ExportModelOptions) =>
      exportOne(instance, folder, options),
    );
}

async function exportOne(instance: string, folder: string, options: ExportModelOptions): Promise<void> {
  const forms = [
    ...(options.merge === true ? (['transformers'] as const) : []),
    ...(options.onnx === true ? (['onnx'] as const) : []),
  ];
  if (forms.length === 0) return refuse('nothing to write: choose --merge, --onnx, or both', 2);
  const project = await openProjectHere(options);
  try {
    const place = await project.model(instance);
    if (!place.ok) return await reportProblem(place.error, options);
    const { modelFolders } = await import('../../trained/open-model.ts');
    const folders = modelFolders(project.root, place.value, options);
    if (!folders.ok) return refuse(folders.error, 2);
    for (const warning of folders.value.warnings) warn(warning);
    const { exportModel } = await import('../../trained/export-model.ts');
    const exported = await exportModel(folders.value, resolve(folder), forms);
    if (!exported.ok) return refuse(exported.error, 1);
    for (const warning of exported.value) warn(warning);
    const files = await filesIn(folder);
    if (options.json === true) printJson({ instance: place.value.instance, folder: resolve(folder), files });
    else process.stdout.write(await exportedText(place.value.instance, folder, files));
  } finally {
    project.close();
  }
}

interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
}

async function filesIn(folder: string): Promise<readonly WrittenFile[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(
    files.sort().map(async (path) => ({ path: relative(folder, path), bytes: (await stat(path)).size })),
  );
}

async function exportedText(
  instance: string,
  folder: string,
  files: readonly WrittenFile[],
): Promise<string> {
  const { fileListText } = await import('../output/texts/file-list-text.ts');
  return `wrote ${instance} to ${folder}:\n${fileListText(files).join('\n')}\n`;
}

const warn = (text: string): void => openScreen().write(`warning: ${text}\n`);
