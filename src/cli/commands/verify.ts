import { Command } from 'commander';
import type { Project } from '../../runner/project.ts';
import { differentOutText } from '../../runner/report/verification-text.ts';
import { pluralize } from '../../runner/wording/pluralize.ts';
import { sizeText } from '../../runner/wording/size-text.ts';
import { annotatedFiles } from '../output/annotated-files.ts';
import { openProjectHere, withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { printJson } from '../output/print-json.ts';
import { reportProblem } from '../output/report-problem.ts';
import { openScreen } from '../output/screen.ts';
import { ignoreHangup, stopSignals } from '../stop-signals.ts';

/** `pipeline verify`. */
export function verifyCommand(): Command {
  return withPipelineOptions(new Command('verify'))
    .description(
      'Check every byte of the cache and the artifacts. With --rerun: run an instance again and ' +
        'compare its outputs.',
    )
    .option('--rerun <instance>', 'check whether a stage is deterministic')
    .option('--repair', 'drop damaged rows of the store; their content is computed or looked up again')
    .addHelpText('after', '\nExamples:\n  pipeline verify\n  pipeline verify --rerun train:aimc,lora')
    .action(async (options: PipelineOptions & { readonly rerun?: string; readonly repair?: true }) => {
      const project = await openProjectHere(options);
      try {
        if (options.repair === true) {
          const repaired = await project.repair();
          if (!repaired.ok) return reportProblem(repaired.error, options);
          openScreen().write(`${pluralize(repaired.value, 'damaged row')} dropped\n`);
        }
        await (options.rerun === undefined
          ? verifyAll(project, options)
          : verifyRerun(project, options.rerun, options));
      } finally {
        project.close();
      }
    });
}

/** Exit 4 where something is damaged. */
async function verifyAll(project: Project, options: PipelineOptions): Promise<void> {
  const verified = await project.verify();
  if (!verified.ok) return reportProblem(verified.error, options);
  const { objects, bytes, faults } = verified.value;
  const lines = faults.map(({ path, message }) => `${path}: ${message}`);
  const found = faults.length === 0 ? 'no faults' : pluralize(faults.length, 'fault');
  lines.push(`${pluralize(objects, 'object')}, ${sizeText(bytes)}: ${found}`);
  if (options.json === true) printJson(verified.value);
  else process.stdout.write(`${lines.join('\n')}\n`);
  if (faults.length > 0) process.exitCode = 4;
}

/** Exit 1 where the outputs differ. */
async function verifyRerun(project: Project, instance: string, options: PipelineOptions): Promise<void> {
  ignoreHangup();
  const { openDisplay } = await import('../output/display.ts');
  const display = openDisplay(openScreen(), annotatedFiles(options.file, project), options);
  const signals = stopSignals();
  const verified = await project.verifyRerun(instance, display.show, signals);
  signals.release();
  display.close();
  if (!verified.ok) return reportProblem(verified.error, options);
  const { different } = verified.value;
  const text =
    different.length === 0
      ? `${verified.value.instance}: the outputs are identical\n`
      : different.map((out) => `${verified.value.instance}: ${differentOutText(out)}\n`).join('');
  if (options.json === true) printJson(verified.value);
  else process.stdout.write(text);
  if (different.length > 0) process.exitCode = 1;
}
