import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { digestOfFile } from '../../files/digest.ts';
import { fileProblemText } from '../../files/file-problem.ts';
import {
  type InstalledEngine,
  type InstalledFile,
  installedName,
  readInstalled,
} from '../../files/installed-engine.ts';
import { walkTree } from '../../files/walk-tree.ts';
import { writeFileAtomically } from '../../files/write-atomically.ts';
import type { Result } from '../../result.ts';
import { installedFile } from '../installed-file.ts';
import { nodeHeaders, type TensorflowRelease } from './tensorflow-release.ts';

/** What an engine of a release is called once it is installed. */
export const installedVersion = ({ version, gpu }: TensorflowRelease): string =>
  `TensorFlow ${version} (${gpu ? 'gpu' : 'cpu'})`;

/** The missing requirements of an installation. */
export async function missingPrograms(needs: readonly string[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const program of needs) {
    const found = await execa(program, ['--version'], { reject: false });
    if (found.failed) missing.push(program);
  }
  const pip = await execa('python3', ['-m', 'pip', '--version'], { reject: false });
  return pip.failed && !missing.includes('python3') ? [...missing, 'pip (python3 -m pip)'] : missing;
}

/**
 * Downloads, compiles and tests an engine in `folder`, then makes it the current one. Completed downloads are
 * reused after a failure; the engine installed before stays current until the new one works.
 */
export async function installTensorflow(
  folder: string,
  release: TensorflowRelease,
  { say, works }: InstallSteps,
): Promise<Result<InstalledEngine>> {
  const downloads = join(folder, 'downloads');
  const partial = join(folder, `.partial-${randomBytes(8).toString('hex')}`);
  try {
    await mkdir(downloads, { recursive: true });
    await mkdir(join(partial, 'deps'), { recursive: true });
    say(`downloading ${release.wheel} from PyPI`);
    const wheel = await downloadedWheel(downloads, release.wheel);
    const nvidia = await unpackWheel(wheel, join(partial, 'deps'));
    if (release.gpu && nvidia.length > 0) await installNvidia(nvidia, downloads, join(partial, 'deps'), say);
    await linkLibraries(join(partial, 'deps/lib'));
    say(`downloading ${release.binding} and ${nodeHeaders} from npm`);
    const sources = await unpackedPackage(downloads, release.binding);
    const headers = await unpackedPackage(downloads, nodeHeaders);
    say('compiling the binding');
    await compileBinding(partial, join(sources, 'binding'), join(headers, 'include'));
    await rm(join(partial, 'deps/include'), { recursive: true });

    const name = `${release.version}-${release.gpu ? 'gpu' : 'cpu'}`;
    const before = readInstalled(folder);
    say('hashing the installed files');
    const installed: InstalledEngine = {
      version: installedVersion(release),
      gpu: release.gpu,
      folder: before.ok && before.value?.folder === name ? `${name}-${randomBytes(4).toString('hex')}` : name,
      files: await hashed(partial),
    };
    const place = join(folder, installed.folder);
    await rm(place, { recursive: true, force: true }); // of an installation that was cut off
    await rename(partial, place);
    say('testing a computation');
    const tried = await works(place);
    if (!tried.ok) {
      await rm(place, { recursive: true });
      return tried;
    }
    const text = `${JSON.stringify(installed, undefined, 2)}\n`;
    const written = await writeFileAtomically(join(folder, installedName), text);
    if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
    if (before.ok && before.value !== undefined)
      await rm(join(folder, before.value.folder), { recursive: true, force: true });
    await rm(downloads, { recursive: true, force: true });
    return { ok: true, value: installed };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

interface InstallSteps {
  readonly say: (step: string) => void;
  /** Whether the engine in a folder computes. */
  readonly works: (folder: string) => Promise<Result<void>>;
}

/** pip checks a wheel against the hash in its index. No Python code of it is run, so any Python's will do. */
async function downloadedWheel(downloads: string, requirement: string): Promise<string> {
  const name = requirement.replace(/[<>=].*/, '').replaceAll('-', '_');
  const find = async (): Promise<string | undefined> =>
    (await readdir(downloads)).find((file) => file.startsWith(`${name}-`) && file.endsWith('.whl'));
  const known = await find();
  if (known !== undefined && isOf(known, requirement)) return join(downloads, known);
  let problem = '';
  for (const python of ['3.12', '3.10', '3.9']) {
    const downloaded = await execa(
      'python3',
      [
        '-m',
        'pip',
        'download',
        '--quiet',
        '--disable-pip-version-check',
        '--no-deps',
        '--only-binary=:all:',
        '--python-version',
        python,
        ...platforms.flatMap((platform) => ['--platform', platform]),
        '--dest',
        downloads,
        requirement,
      ],
      { reject: false },
    );
    const file = downloaded.failed ? undefined : await find();
    if (file !== undefined) return join(downloads, file);
    problem = downloaded.stderr.split('\n').slice(-3).join(' ');
  }
  throw new Error(`pip could not download ${requirement}: ${problem}`);
}

const platforms = [
  'manylinux2010_x86_64',
  'manylinux2014_x86_64',
  'manylinux_2_17_x86_64',
  'manylinux_2_27_x86_64',
];

/** A requirement with an exact version identifies its file; any other is met by the file that exists. */
const isOf = (file: string, requirement: string): boolean =>
  !requirement.includes('==') || file.includes(`-${requirement.split('==')[1] ?? ''}-`);

async function unpackWheel(wheel: string, deps: string): Promise<readonly string[]> {
  const { stdout } = await execa('python3', [installedFile('setup/unpack-wheel.py'), wheel, deps]);
  return stdout.split('\n').filter((line) => line !== '');
}

/** The library looks for CUDA's in ../nvidia beside its own folder. */
async function installNvidia(
  requirements: readonly string[],
  downloads: string,
  deps: string,
  say: InstallSteps['say'],
): Promise<void> {
  for (const requirement of requirements) {
    say(`downloading ${requirement} from PyPI`);
    const wheel = await downloadedWheel(downloads, requirement);
    await execa('python3', ['-m', 'zipfile', '-e', wheel, join(deps, 'unpacked')]);
  }
  await rename(join(deps, 'unpacked/nvidia'), join(deps, 'nvidia'));
  await rm(join(deps, 'unpacked'), { recursive: true });
  // Unpacking drops the modes, and ptxas is a program.
  await execa('chmod', ['-R', '+x', join(deps, 'nvidia/cuda_nvcc/bin')], { reject: false });
}

/** The names by which the linker finds the libraries. */
async function linkLibraries(folder: string): Promise<void> {
  await symlink('libtensorflow_framework.so.2', join(folder, 'libtensorflow_framework.so'));
  if ((await readdir(folder)).includes('libtensorflow_cc.so.2'))
    return symlink('libtensorflow_cc.so.2', join(folder, 'libtensorflow.so'));
  await stubPython(folder);
  await symlink('libtensorflow.so.2', join(folder, 'libtensorflow.so'));
}

/** A library that has the symbols of Python that the extension wants, and never calls when used from C. */
async function stubPython(folder: string): Promise<void> {
  const extension = '_pywrap_tensorflow_internal.so';
  const { stdout } = await execa('nm', ['-D', '--undefined-only', join(folder, extension)]);
  const symbols = [...stdout.matchAll(/\bU (_?Py\w+)/g)].map(([, symbol = '']) => symbol);
  const source = join(folder, 'stub.c');
  await writeFile(
    source,
    symbols
      .map((symbol) =>
        /_Type$|^PyExc_|^_Py_.*Struct$/.test(symbol)
          ? `char ${symbol}[1024] __attribute__((aligned(16)));\n`
          : `void *${symbol}(void) { return 0; }\n`,
      )
      .join(''),
  );
  await execa('gcc', [
    '-O1',
    '-w',
    '-shared',
    '-fPIC',
    '-o',
    join(folder, 'libtensorflow.so.2'),
    source,
    '-Wl,-soname,libtensorflow.so.2',
    '-Wl,--no-as-needed',
    `-L${folder}`,
    `-l:${extension}`,
    '-l:libtensorflow_framework.so.2',
    '-Wl,-rpath,$ORIGIN',
    '-Wl,--allow-shlib-undefined',
  ]);
  await rm(source);
}

/** npm checks a package against the integrity in its registry. */
async function unpackedPackage(downloads: string, name: string): Promise<string> {
  const { stdout } = await execa('npm', ['pack', name, '--silent', '--pack-destination', downloads], {
    cwd: downloads,
  });
  const archive = join(downloads, stdout.trim().split('\n').at(-1) ?? '');
  const folder = `${archive}.unpacked`;
  await mkdir(folder, { recursive: true });
  await execa('tar', ['-xzf', archive, '-C', folder, '--strip-components=1']);
  return folder;
}

/**
 * As binding.gyp of the package does it on Linux; without paths, so that the same compiler gives the same
 * bytes.
 */
async function compileBinding(place: string, sources: string, headers: string): Promise<void> {
  const folder = join(place, 'lib/napi-v8');
  await mkdir(folder, { recursive: true });
  const files = (await readdir(sources)).filter((name) => name.endsWith('.cc'));
  await execa('g++', [
    `-ffile-prefix-map=${place}=.`,
    `-ffile-prefix-map=${dirname(sources)}=.`,
    '-std=c++17',
    '-O2',
    '-w',
    '-fPIC',
    '-shared',
    '-DNAPI_VERSION=8',
    '-DNODE_GYP_MODULE_NAME=tfjs_binding',
    `-I${headers}`,
    `-I${join(place, 'deps/include')}`,
    ...files.map((name) => join(sources, name)),
    '-Wl,--no-as-needed',
    `-L${join(place, 'deps/lib')}`,
    '-ltensorflow',
    '-ltensorflow_framework',
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
    '-o',
    join(folder, 'tfjs_binding.node'),
  ]);
}

async function hashed(folder: string): Promise<Readonly<Record<string, InstalledFile>>> {
  const entries = await walkTree(folder);
  if (!entries.ok) throw new Error(fileProblemText(entries.error));
  const files: Record<string, InstalledFile> = {};
  for (const { kind, path } of entries.value) {
    if (kind !== 'file') continue;
    const digest = await digestOfFile(join(folder, path));
    if (!digest.ok) throw new Error(fileProblemText(digest.error));
    files[path] = { digest: digest.value, size: (await stat(join(folder, path))).size };
  }
  return files;
}

/** Removes only what `pipeline setup` installed. Returns the names of what it removed. */
export async function removeTensorflow(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const own = names.filter((name) =>
    /^(installed\.json|downloads|\.partial-[0-9a-f]{16}|\d+\.\d+\.\d+-(cpu|gpu)(-[0-9a-f]{8})?)$/.test(name),
  );
  for (const name of own) await rm(join(folder, name), { recursive: true, force: true });
  if (own.length === names.length) await rm(folder, { recursive: true, force: true });
  return own;
}
