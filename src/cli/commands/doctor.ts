import { Command } from 'commander';
import type { Colors } from '../../runner/wording/colors.ts';
import type { Finding } from '../doctor/finding.ts';
import { printJson } from '../output/print-json.ts';
import { openScreen } from '../output/screen.ts';

interface DoctorOptions {
  readonly json?: true;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description("Check the installation and the project's disk, cache and processes.")
    .option('--json', 'print one JSON document to stdout')
    .addHelpText(
      'after',
      '\nExample:\n  pipeline doctor\n\nThe exit code is 1 if something is broken. `pipeline verify` ' +
        'checks the contents of the cache.',
    )
    .action(async ({ json }: DoctorOptions) => {
      const { examine } = await import('../doctor/examine.ts');
      const { colors } = openScreen(process.stdout);
      const findings: Finding[] = [];
      for await (const finding of examine(process.cwd())) {
        findings.push(finding);
        if (json !== true) process.stdout.write(findingText(finding, colors));
      }
      const broken = findings.filter(({ state }) => state === 'broken').length;
      if (json === true) printJson({ broken, findings });
      else
        process.stdout.write(
          broken === 0 ? colors.bold('nothing is broken\n') : colors.bold(`${broken} broken\n`),
        );
      if (broken > 0) process.exitCode = 1;
    });
}

function findingText({ part, state, message, help }: Finding, colors: Colors): string {
  const finding = `${markOf(state, colors)} ${part.padEnd(20)}  ${message}\n`;
  return help === undefined ? finding : `${finding}  ${colors.dim(`help: ${help}`)}\n`;
}

function markOf(state: Finding['state'], { green, yellow, red }: Colors): string {
  switch (state) {
    case 'good':
      return green('✓');
    case 'warning':
      return yellow('!');
    case 'broken':
      return red('✗');
  }
}
