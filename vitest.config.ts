import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { installedTensorflow } from './tests/rig/installed-tensorflow.ts';
import { ModelTestsLast } from './tests/rig/model-tests-last.ts';

/**
 * The folder of TensorFlow's binding: what PIPELINE_TENSORFLOW names (none if it is empty), or what the user
 * has installed.
 */
const tensorflow = process.env['PIPELINE_TENSORFLOW'] ?? installedTensorflow();

const project = (name: string, include: string, timeout: number) => ({
  test: {
    name,
    include: [include],
    globalSetup: 'tests/rig/global-setup.ts',
    // What is kept for the user, such as compiled code, is kept here.
    env: {
      ORT_DISABLE_TELEMETRY: '1',
      TF_CPP_MIN_LOG_LEVEL: '2',
      XDG_CACHE_HOME: join(import.meta.dirname, 'node_modules/.cache'),
      ...(tensorflow === undefined ? {} : { PIPELINE_TENSORFLOW: tensorflow }),
    },
    testTimeout: timeout,
    hookTimeout: timeout,
    ...(name === 'unit'
      ? {
          exclude: ['tests/{oracles,end-to-end,package,chaos,trackers,browser,s3,slurm}/**'],
          // Files share processes, since to load the sources for each took a fifth of the CPU time. What a
          // file changes in its process is put back after it.
          isolate: false,
          // As in the process of a stage: V8 of Node 20 optimizes too early.
          execArgv: process.versions.node.startsWith('20.') ? ['--interrupt-budget=800000'] : [],
          setupFiles: ['tests/rig/restore-process.ts'],
          // A file waits for processes of its own half of the time. By default, two CPUs get one worker.
          maxWorkers: Math.max(2, availableParallelism()),
          sequence: { groupOrder: 1 },
        }
      : {}),
  },
});

/**
 * `npm test` runs the unit project; what needs the oracle tables, Python packages, minutes, or a
 * machine of its own has a script each.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: ModelTestsLast },
    projects: [
      project('unit', 'tests/**/*.test.ts', 60_000),
      project('oracles', 'tests/oracles/**/*.test.ts', 600_000),
      project('end-to-end', 'tests/end-to-end/**/*.test.ts', 1_200_000),
      project('package', 'tests/package/**/*.test.ts', 1_200_000),
      project('trackers', 'tests/trackers/**/*.test.ts', 600_000),
      project('browser', 'tests/browser/**/*.test.ts', 120_000),
      project('s3', 'tests/s3/**/*.test.ts', 120_000),
      project('slurm', 'tests/slurm/**/*.test.ts', 180_000),
      project('chaos', 'tests/chaos/**/*.test.ts', 3_600_000),
    ],
  },
});
