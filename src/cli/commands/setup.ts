import { homedir } from 'node:os';
import { Command, Option } from 'commander';
import { damagedFile, engineFolder, identityOf, readInstalled } from '../../files/installed-engine.ts';
import type { Result } from '../../result.ts';
import type { TensorflowVersion } from '../setup/tensorflow-release.ts';

interface SetupOptions {
  readonly gpu?: boolean;
  readonly version: TensorflowVersion;
  readonly dryRun?: boolean;
  readonly remove?: boolean;
  readonly try?: string;
  readonly device: 'cpu' | 'cuda';
}

/** `pipeline setup`. */
export function setupCommand(): Command {
  const tensorflow = new Command('tensorflow')
    .description('Install TensorFlow, the engine of `runtime: tensorflow`, for all your projects.')
    .option('--gpu', 'the library for NVIDIA GPUs, with the CUDA libraries of its version')
    .addOption(
      new Option('--version <version>', 'of TensorFlow').choices(['2.21.0', '2.9.1']).default('2.21.0'),
    )
    .option('--dry-run', 'show what would be downloaded and where it would go')
    .option('--remove', 'remove what was installed')
    .addOption(new Option('--try <folder>').hideHelp())
    .addOption(new Option('--device <device>').choices(['cpu', 'cuda']).default('cpu').hideHelp())
    .addHelpText(
      'after',
      '\nExample:\n  pipeline setup tensorflow && pipeline run --set vars.runtime=tensorflow',
    )
    .action(async (options: SetupOptions) => {
      const done = options.try === undefined ? await setUp(options) : await tried(options.try, options);
      if (done.ok) return;
      process.stderr.write(`error: ${done.error}\n`);
      process.exitCode = 1;
    });
  return new Command('setup')
    .description('Install an engine that is not part of the package.')
    .addCommand(tensorflow.exitOverride());
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** The command's child process: prints one line with the version and the device. */
async function tried(folder: string, { device }: SetupOptions): Promise<Result<void>> {
  const { tryTensorflow } = await import('../setup/try-tensorflow.ts');
  try {
    const { version, device: used } = await tryTensorflow(folder, device);
    say(JSON.stringify({ version, device: used }));
    return { ok: true, value: undefined };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

async function setUp({
  gpu = false,
  version,
  dryRun = false,
  remove = false,
}: SetupOptions): Promise<Result<void>> {
  const folder = engineFolder('tensorflow', process.env, homedir());
  const { installedVersion, installTensorflow, missingPrograms, removeTensorflow } =
    await import('../setup/install-tensorflow.ts');
  if (remove) {
    const removed = dryRun ? [] : await removeTensorflow(folder);
    say(
      removed.length === 0
        ? `nothing to remove in ${folder}`
        : `removed ${removed.join(', ')} from ${folder}`,
    );
    return { ok: true, value: undefined };
  }
  const { tensorflowRelease } = await import('../setup/tensorflow-release.ts');
  const release = tensorflowRelease(version, gpu);
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return {
      ok: false,
      error:
        'TensorFlow is installed on Linux x64 only, not on ' +
        `${process.platform} ${process.arch}: use runtime onnx`,
    };
  const before = readInstalled(folder);
  if (
    before.ok &&
    before.value?.version === installedVersion(release) &&
    damagedFile(folder, before.value) === undefined
  ) {
    say(`${before.value.version} is installed already, in ${folder}`);
    return { ok: true, value: undefined };
  }
  say(`${installedVersion(release)}, into ${folder}`);
  say(`  download  about ${release.download} MB: ${release.wheel} (PyPI), ${release.binding} (npm)`);
  say(`  on disk   about ${release.onDisk} MB`);
  say(`  needs     ${release.needs.join(', ')}, pip`);
  if (release.cuda !== undefined) say(`  GPU       ${release.cuda}`);
  const missing = await missingPrograms(release.needs);
  if (missing.length > 0)
    return {
      ok: false,
      error: `missing: ${missing.join(', ')} (Debian and Ubuntu: apt-get install g++ python3-pip)`,
    };
  if (dryRun) return { ok: true, value: undefined };
  const { tryInChild } = await import('../setup/try-in-child.ts');
  let device = '';
  const installed = await installTensorflow(folder, release, {
    say: (step) => say(`- ${step}`),
    works: async (place) => {
      const works = await tryInChild(place, gpu ? 'cuda' : 'cpu');
      if (!works.ok) return { ok: false, error: `the engine does not work here: ${works.error}` };
      ({ device } = works.value);
      return { ok: true, value: undefined };
    },
  });
  if (!installed.ok) return installed;
  say(
    `${installed.value.version} computes on ${device}; its identity in keys is ` +
      `${identityOf(installed.value)}`,
  );
  if (gpu && device === 'cpu')
    say('no usable GPU was found: stages that request one will fail (see `pipeline doctor`)');
  return { ok: true, value: undefined };
}
