import { homedir } from 'node:os';
import { Command, Option } from 'commander';
import type { Colors } from '../../runner/wording/colors.ts';
import type { Finding } from '../doctor/finding.ts';
import type { Check } from '../doctor/gpu-test/check.ts';
import { type Part, parts } from '../doctor/gpu-test/parts.ts';
import { printJson } from '../output/print-json.ts';
import { openScreen } from '../output/screen.ts';
import { refuse } from '../refuse.ts';

interface DoctorOptions {
  readonly json?: true;
  readonly gpuTest?: true;
  readonly device?: 'cpu' | 'cuda';
  /** Of a process that the test starts. */
  readonly part?: Part;
  readonly engine: string;
  readonly threads: string;
}

/** `pipeline doctor`. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description("Check the installation and the project's disk, cache and processes.")
    .option('--json', 'print one JSON document to stdout')
    .option('--gpu-test', 'check instead that TensorFlow computes correctly on the GPU; takes a few minutes')
    .addOption(
      new Option('--device <device>', 'with --gpu-test: the device to check (default: cuda)').choices([
        'cpu',
        'cuda',
      ]),
    )
    .addOption(new Option('--part <part>').choices(parts).hideHelp())
    .addOption(new Option('--engine <folder>').default('').hideHelp())
    .addOption(new Option('--threads <count>').default('1').hideHelp())
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline doctor\n  pipeline doctor --gpu-test\n\nThe exit code is 1 if something ' +
        'is broken. `pipeline verify` checks the contents of the cache.',
    )
    .action(async (options: DoctorOptions) => {
      const { gpuTest, device, part } = options;
      if (gpuTest !== true)
        return device === undefined ? await examineAll(options) : refuse('--device goes with --gpu-test', 2);
      if (part !== undefined) return await onePart(part, options);
      await testGpu(options);
    });
}

async function examineAll({ json }: DoctorOptions): Promise<void> {
  const { examine } = await import('../doctor/examine.ts');
  const { colors } = openScreen(process.stdout);
  const findings: Finding[] = [];
  for await (const finding of examine(process.cwd())) {
    findings.push(finding);
    if (json !== true) process.stdout.write(findingText(finding, colors));
  }
  const broken = brokenIn(findings);
  if (json === true) printJson({ broken, findings });
  else writeVerdict(broken, colors);
}

async function testGpu({ json, device = 'cuda' }: DoctorOptions): Promise<void> {
  const { gpuTest } = await import('../doctor/gpu-test/gpu-test.ts');
  const { reportBlock } = await import('../doctor/gpu-test/report-block.ts');
  const { colors } = openScreen(process.stdout);
  const test = gpuTest(device, process.env);
  const checks: Check[] = [];
  let next = await test.next();
  for (; next.done !== true; next = await test.next()) {
    checks.push(next.value);
    if (json !== true) process.stdout.write(findingText(next.value, colors));
  }
  const machine = next.value;
  const broken = brokenIn(checks);
  if (json === true) return printJson({ broken, machine, checks });
  process.stdout.write(`\n${reportBlock(machine, checks, homedir())}\n`);
  writeVerdict(broken, colors);
}

/** What the test runs in a process of its own: a line of JSON a check. */
async function onePart(part: Part, { engine, device = 'cuda', threads }: DoctorOptions): Promise<void> {
  const { runPart } = await import('../doctor/gpu-test/run-part.ts');
  const { checkLine } = await import('../doctor/gpu-test/check.ts');
  try {
    for await (const check of runPart(part, { folder: engine, device, threads: Number(threads) }))
      process.stdout.write(checkLine(check));
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error), 1);
  }
}

function brokenIn(findings: readonly Finding[]): number {
  const broken = findings.filter(({ state }) => state === 'broken').length;
  if (broken > 0) process.exitCode = 1;
  return broken;
}

const writeVerdict = (broken: number, { bold }: Colors): void =>
  void process.stdout.write(bold(broken === 0 ? 'nothing is broken\n' : `${broken} broken\n`));

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
