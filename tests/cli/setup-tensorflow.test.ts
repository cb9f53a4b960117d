import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { type TensorflowInspection, tensorflowFindings } from '../../src/cli/doctor/tensorflow.ts';
import { missingPrograms, removeTensorflow } from '../../src/cli/setup/install-tensorflow.ts';
import { pipelineProgram } from '../../src/cli/program.ts';
import { tensorflowRelease, tensorflowVersions } from '../../src/cli/setup/tensorflow-release.ts';

describe('pipeline doctor on TensorFlow and GPUs', () => {
  const engine = (kind: 'cpu' | 'gpu') =>
    ({
      ok: true,
      value: {
        version: `TensorFlow 2.21.0 (${kind})`,
        gpu: kind === 'gpu',
        folder: `2.21.0-${kind}`,
        files: {},
      },
    }) as const;
  const works = (device: string) => ({ ok: true, value: { version: 'tensorflow 2.21.0', device } }) as const;
  const nothing: TensorflowInspection = {
    installed: { ok: true, value: undefined },
    damaged: undefined,
    tried: undefined,
    hasCuda: false,
    driver: undefined,
    devices: [],
  };
  const card = { driver: '550.54.15', devices: ['/dev/nvidia0'] };

  test.each<[string, TensorflowInspection, readonly [string, RegExp, string, RegExp]]>([
    ['nothing installed', nothing, ['good', /^not installed/, 'good', /^no NVIDIA driver/]],
    [
      'the library for the CPU',
      { ...nothing, installed: engine('cpu'), tried: works('cpu') },
      ['good', /^TensorFlow 2\.21\.0 \(cpu\) computes on cpu$/, 'good', /^no NVIDIA driver/],
    ],
    [
      'a library that does not fit',
      { ...nothing, installed: engine('cpu'), tried: { ok: false, error: 'GLIBC_2.99 not found' } },
      ['broken', /does not work: GLIBC_2\.99 not found/, 'good', /^no NVIDIA driver/],
    ],
    [
      'a damaged library',
      { ...nothing, installed: engine('cpu'), damaged: '/x/libtensorflow_cc.so.2' },
      ['broken', /libtensorflow_cc\.so\.2 is missing or was changed/, 'good', /^no NVIDIA driver/],
    ],
    [
      'a driver without a device',
      { ...nothing, driver: '550.54.15' },
      ['good', /^not installed/, 'warning', /^NVIDIA driver 550\.54\.15, but there is no device file/],
    ],
    [
      'a card and the library for the CPU',
      { ...nothing, ...card, installed: engine('cpu'), tried: works('cpu') },
      ['good', /computes on cpu$/, 'warning', /the TensorFlow library for GPUs is not installed/],
    ],
    [
      'a card and a library that cannot use it',
      { ...nothing, ...card, installed: engine('gpu'), tried: works('cpu') },
      [
        'good',
        /\(gpu\) computes on cpu$/,
        'broken',
        /^\/dev\/nvidia0, driver 550\.54\.15, but .* cannot use it/,
      ],
    ],
    [
      'a card that computes',
      { ...nothing, ...card, installed: engine('gpu'), tried: works('cuda'), hasCuda: true },
      ['good', /\(gpu\) computes on cuda$/, 'good', /computes on it$/],
    ],
  ])('%s', (_, inspection, [engineState, engineText, gpuState, gpuText]) => {
    const [tensorflow, gpu] = tensorflowFindings(inspection);
    expect(tensorflow).toMatchObject({ state: engineState, message: expect.stringMatching(engineText) });
    expect(gpu).toMatchObject({ state: gpuState, message: expect.stringMatching(gpuText) });
    for (const finding of [tensorflow, gpu])
      if (finding?.state !== 'good') expect(finding?.help).toEqual(expect.any(String));
  });
});

describe('pipeline setup tensorflow', () => {
  test('names what it would download for each version, and what it needs', () => {
    for (const version of tensorflowVersions) {
      for (const gpu of [false, true]) {
        const release = tensorflowRelease(version, gpu);
        expect(release.wheel).toBe(`${gpu ? 'tensorflow' : 'tensorflow-cpu'}==${version}`);
        expect(release.onDisk).toBeGreaterThan(release.download);
        expect(release.cuda === undefined).toBe(!gpu);
      }
    }
  });

  test('takes --version as the version of TensorFlow, not as a request for its own', async () => {
    const written: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    vi.stubEnv('XDG_CACHE_HOME', mkdtempSync(join(tmpdir(), 'cache-')));
    try {
      const words = ['setup', 'tensorflow', '--version', '2.9.1', '--remove', '--dry-run'];
      await pipelineProgram().parseAsync(words, { from: 'user' });
    } finally {
      vi.restoreAllMocks();
      vi.unstubAllEnvs();
    }
    expect(written.join('')).toMatch(/^nothing to remove in /);
  });

  test('reports missing programs before any download', async () => {
    expect(await missingPrograms(['no-such-compiler'])).toContain('no-such-compiler');
  });

  test('removes only what it installed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'engine-'));
    for (const name of ['2.21.0-cpu', '2.9.1-gpu-0a1b2c3d', 'downloads', '.partial-0123456789abcdef', 'mine'])
      mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'installed.json'), '{}');
    expect([...(await removeTensorflow(folder))].sort()).toEqual([
      '.partial-0123456789abcdef',
      '2.21.0-cpu',
      '2.9.1-gpu-0a1b2c3d',
      'downloads',
      'installed.json',
    ]);
    expect(readdirSync(folder)).toEqual(['mine']);
    expect(await removeTensorflow(join(folder, 'none'))).toEqual([]);
  });

  const python = ['python3', 'python'].find(hasProgram);
  test.skipIf(python === undefined)(
    'extracts libraries and headers from a wheel, with the CUDA packages that it names',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'wheel-'));
      const files = {
        'tensorflow/libtensorflow_cc.so.2': 'library',
        'tensorflow/libtensorflow_framework.so.2': 'framework',
        'tensorflow/include/tensorflow/c/c_api.h': 'header',
        'tensorflow/python/other.py': 'no',
        'tensorflow-2.21.0.dist-info/METADATA':
          'Requires-Dist: numpy\nRequires-Dist: nvidia-cublas-cu12 (<13.0,>=12.5.3.2); extra == "and-cuda"\n',
      };
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      execFileSync(
        python ?? '',
        ['-m', 'zipfile', '-c', 'x.whl', 'tensorflow', 'tensorflow-2.21.0.dist-info'],
        {
          cwd: folder,
        },
      );
      const script = join(import.meta.dirname, '../../src/cli/setup/unpack-wheel.py');
      const printed = execFileSync(python ?? '', [script, join(folder, 'x.whl'), join(folder, 'deps')]);
      expect(String(printed)).toBe('nvidia-cublas-cu12(<13.0,>=12.5.3.2)\n');
      expect(readdirSync(join(folder, 'deps/lib')).sort()).toEqual([
        'libtensorflow_cc.so.2',
        'libtensorflow_framework.so.2',
      ]);
      expect(existsSync(join(folder, 'deps/include/tensorflow/c/c_api.h'))).toBe(true);
    },
  );
});

function hasProgram(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
