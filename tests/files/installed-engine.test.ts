import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import {
  damagedFile,
  engineFolder,
  identityOf,
  type InstalledEngine,
  readInstalled,
} from '../../src/files/installed-engine.ts';

const engine: InstalledEngine = {
  version: 'Engine 1.2.3 (cpu)',
  gpu: false,
  folder: '1.2.3-cpu',
  files: {
    'lib/a.so': { digest: digestOf('aaa'), size: 3 },
    'lib/b.so': { digest: digestOf('bb'), size: 2 },
  },
};

function installed(): string {
  const folder = mkdtempSync(join(tmpdir(), 'engines-'));
  mkdirSync(join(folder, '1.2.3-cpu/lib'), { recursive: true });
  writeFileSync(join(folder, '1.2.3-cpu/lib/a.so'), 'aaa');
  writeFileSync(join(folder, '1.2.3-cpu/lib/b.so'), 'bb');
  writeFileSync(join(folder, 'installed.json'), JSON.stringify(engine));
  return folder;
}

test("engines are installed in the user's cache folder", () => {
  expect(engineFolder('x', {}, '/home/me')).toBe('/home/me/.cache/medical-qa-pipeline/engines/x');
  expect(engineFolder('x', { XDG_CACHE_HOME: '/var/cache' }, '/home/me')).toBe(
    '/var/cache/medical-qa-pipeline/engines/x',
  );
});

test('an installed engine is read as written; none is no fault, and a damaged record is one', () => {
  const folder = installed();
  expect(readInstalled(folder)).toEqual({ ok: true, value: engine });
  expect(readInstalled(join(folder, 'none'))).toEqual({ ok: true, value: undefined });
  for (const text of ['{', '{}', JSON.stringify({ ...engine, folder: '../../etc' })]) {
    writeFileSync(join(folder, 'installed.json'), text);
    expect(readInstalled(folder)).toMatchObject({ ok: false });
  }
});

test('a truncated or missing file is found', () => {
  const folder = installed();
  expect(damagedFile(folder, engine)).toBeUndefined();
  truncateSync(join(folder, '1.2.3-cpu/lib/b.so'), 1);
  expect(damagedFile(folder, engine)).toBe(join(folder, '1.2.3-cpu/lib/b.so'));
});

test('its identity is its version and all its bytes, wherever it is installed', () => {
  const [a, b] = Object.entries(engine.files);
  expect(a).toBeDefined();
  expect(
    identityOf({
      ...engine,
      folder: 'elsewhere',
      files: Object.fromEntries([b, a].flatMap((each) => (each ? [each] : []))),
    }),
  ).toBe(identityOf(engine));
  expect(identityOf(engine)).toMatch(/^Engine 1\.2\.3 \(cpu\) [0-9a-f]{64}$/);
  const other = { ...engine, files: { ...engine.files, 'lib/b.so': { digest: digestOf('bc'), size: 2 } } };
  expect(identityOf(other)).not.toBe(identityOf(engine));
});
