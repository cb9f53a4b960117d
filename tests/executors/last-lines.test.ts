import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { lastLines } from '../../src/runner/executors/output-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'last-lines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function printed(lines: readonly string[]): string {
  const path = join(folder, 'printed.txt');
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

// As TensorFlow 2.9.1 and 2.21.0 print them.
const library = [
  'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
  'I0000 00:00:1795993449.932582   19706 port.cc:153] oneDNN custom operations are on. You may see',
  '2026-11-28 10:01:02.345678: I tensorflow/core/platform/cpu_feature_guard.cc:193] This TensorFlow binary',
  'To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with ' +
    'the appropriate compiler flags.',
  'To enable them in other operations, rebuild TensorFlow with the appropriate compiler flags.',
  'E0000 00:00:1795993449.932582   19706 cuda_dnn.cc:8310] Unable to register cuDNN factory',
  'I1128 10:01:02.345678   19706 cudart_stub.cc:31] Could not find cuda drivers on your machine',
  '2026-11-28 10:01:02.345678: W tensorflow/core/common_runtime/bfc_allocator.cc:491] ******____',
  'Skipping registering GPU devices...',
];
const own = [
  'step 1',
  '2026-11-28 10:01:02.345678: F tensorflow/core/common_runtime/gpu/gpu_event_mgr.cc:223] ' +
    'Unexpected Event status: 1',
  // The logger of a Python program.
  'I1128 10:01:02.345678 140735 train.py:33] loss 2.5',
  'error: no rows',
];

test('the last lines are those that the program printed, and what ended it', () => {
  const path = printed([...library, ...own, ...library]);
  expect(lastLines(path, 10, true)).toEqual(own);
  expect(lastLines(path, 2, true)).toEqual(own.slice(-2));
});

test('where libraries alone printed something, their lines are shown if they are asked for', () => {
  const path = printed(library);
  expect(lastLines(path, 2, true)).toEqual(library.slice(-2));
  expect(lastLines(path, 2, false)).toEqual([]);
});
