import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readNvidiaDriver } from '../../src/files/nvidia-driver.ts';
import { openEngine } from '../../stages/engine/open-engine.ts';

let machine: string;
beforeEach(() => {
  machine = mkdtempSync(join(tmpdir(), 'machine-'));
});
afterEach(() => rmSync(machine, { recursive: true }));

function write(path: string, text = ''): void {
  const file = join(machine, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
}

const versionFile = 'proc/driver/nvidia/version';
const version =
  'NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC';

function openedOn(computes: 'cpu' | 'cuda') {
  const events: unknown[] = [];
  const engine = {
    openEngine: () => ({ name: 'tensorflow', version: 'tensorflow 2.21.0', device: computes }),
  };
  const opened = openEngine({ engine, cpus: 1, device: 'cuda', emit: (event) => events.push(event) }, () =>
    readNvidiaDriver(machine),
  );
  return { opened, events };
}

test.each([
  ['no driver', [], /no NVIDIA driver .*`device: cpu`/],
  [
    'a driver without device',
    [[versionFile, version]],
    /driver 550\.54\.15 was found, but there is no device file .*--gpus all/,
  ],
  [
    'a device that the library cannot use',
    [
      [versionFile, version],
      ['dev/nvidia10', ''],
      ['dev/nvidia2', ''],
      ['dev/nvidiactl', ''],
    ],
    /\/dev\/nvidia2, \/dev\/nvidia10 and driver 550\.54\.15 were found: `pipeline doctor`/,
  ],
] as const)('a stage that asks for a GPU never computes on the CPU: %s', (_, files, message) => {
  for (const [path, text] of files) write(path, text);
  const { opened, events } = openedOn('cpu');
  expect(opened).toEqual({ ok: false, error: expect.stringMatching(message) });
  expect(events).toEqual([]);
});

test('a computing GPU is announced, whatever the device files show', () => {
  const { opened, events } = openedOn('cuda');
  expect(opened.ok).toBe(true);
  expect(events).toEqual([{ kind: 'device', runtime: 'tensorflow 2.21.0', device: 'cuda' }]);
});

test('the driver of the GPU is recorded with the attempt', () => {
  write(versionFile, version);
  const { events } = openedOn('cuda');
  expect(events).toMatchObject([{ kind: 'device', device: 'cuda, driver 550.54.15' }]);
});

test('a runtime without bf16 products computes nothing instead', () => {
  const engine = { openEngine: () => ({ name: 'onnx', version: 'onnxruntime-node 1.30.0', device: 'cpu' }) };
  const opened = openEngine({ engine, cpus: 1, device: 'cpu', precision: 'bf16', emit: () => undefined });
  expect(opened).toEqual({
    ok: false,
    error: expect.stringMatching(/"precision" is bf16.*`runtime: tensorflow`/),
  });
});
