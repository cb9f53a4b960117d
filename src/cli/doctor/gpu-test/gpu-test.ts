import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { engineFolder } from '../../../files/installed-engine.ts';
import { installedFile } from '../../installed-file.ts';
import { inspectTensorflow, setupOf, tensorflowFindings, type TensorflowInspection } from '../tensorflow.ts';
import { type Check, parseCheck } from './check.ts';
import { testedMachine } from './machine.ts';
import type { TestedMachine } from './report-block.ts';
import { type Part, parts } from './parts.ts';
import { reportIt } from './what-to-do.ts';

/** Checks the machine until a check shows that it cannot be used, then describes it. */
export async function* gpuTest(
  device: 'cpu' | 'cuda',
  environment: NodeJS.ProcessEnv,
): AsyncGenerator<Check, TestedMachine> {
  const inspection = await inspectTensorflow(environment);
  const refused = refusal(inspection, device);
  if (refused === undefined) yield* allParts(inspection, device, environment);
  else yield refused;
  return testedMachine(inspection, device);
}

async function* allParts(
  { installed }: TensorflowInspection,
  device: 'cpu' | 'cuda',
  environment: NodeJS.ProcessEnv,
): AsyncGenerator<Check> {
  const engine = installed.ok ? installed.value : undefined;
  const folder = join(engineFolder('tensorflow', environment, homedir()), engine?.folder ?? '');
  for (const part of parts) yield* inChild(part, folder, device);
}

/** Why nothing is tested, with all findings; undefined: the test can begin. */
export function refusal(inspection: TensorflowInspection, device: 'cpu' | 'cuda'): Check | undefined {
  const { installed, damaged, tried, driver, devices } = inspection;
  const engine = installed.ok ? installed.value : undefined;
  const isWhole = engine !== undefined && damaged === undefined;
  const isUsed = tried?.ok === true && tried.value.device !== 'cpu';
  if (device === 'cpu' ? isWhole : isWhole && engine.gpu && driver !== undefined && isUsed) return undefined;
  const part = 'GPU test';
  const setup = 'npx pipeline setup tensorflow';
  if (device === 'cpu')
    return {
      part,
      state: 'broken',
      message: libraryText(inspection),
      help: engine === undefined ? setup : setupOf(engine),
      figures: [],
    };
  const found = [
    driver === undefined ? 'there is no NVIDIA driver' : `NVIDIA driver ${driver}`,
    devices.length === 0 ? 'there is no device file /dev/nvidia0' : devices.join(', '),
    libraryText(inspection),
  ];
  const finding = tensorflowFindings(inspection).find((each) => each.part === 'GPU');
  return {
    part,
    state: 'broken',
    message: `no GPU can be used: ${found.join(', ')}`,
    help:
      driver === undefined
        ? "install NVIDIA's driver, or run this on a machine that has it; `--device cpu` tests TensorFlow " +
          'on the CPU'
        : ((damaged === undefined ? finding?.help : undefined) ?? `${setup} --gpu`),
    figures: [],
  };
}

function libraryText({ installed, damaged, tried }: TensorflowInspection): string {
  if (!installed.ok) return installed.error;
  if (installed.value === undefined) return 'TensorFlow is not installed';
  const { version } = installed.value;
  if (damaged !== undefined) return `${damaged} of ${version} is missing or was changed`;
  if (tried?.ok === false) return `${version} does not work: ${tried.error}`;
  return `${version} computes on ${tried?.value.device ?? 'cpu'}`;
}

/** The checks of one part, and one more where the process ends before it has made them. */
async function* inChild(part: Part, folder: string, device: 'cpu' | 'cuda'): AsyncGenerator<Check> {
  const options = {
    '--device': device,
    '--part': part,
    '--engine': folder,
    '--threads': String(availableParallelism()),
  };
  const child = execa(
    process.execPath,
    [installedFile('main.js'), 'doctor', '--gpu-test', ...Object.entries(options).flat()],
    { reject: false, buffer: { stdout: false } },
  );
  for await (const line of child.iterable()) {
    const check = parseCheck(line);
    if (check !== undefined) yield check;
  }
  const { failed, signal, exitCode, stderr } = await child;
  if (!failed) return;
  const errors = stderr.split('\n').filter((line) => line.startsWith('error: '));
  yield {
    part: part === 'parity' ? 'parity' : `measuring ${part}`,
    state: 'broken',
    message:
      errors.at(-1)?.slice('error: '.length) ??
      `the process ended with ${signal ?? `exit code ${String(exitCode)}`}: ${stderr.slice(-300)}`,
    help: `\`pipeline doctor\` says whether the library works here; ${reportIt}`,
    figures: [],
  };
}
