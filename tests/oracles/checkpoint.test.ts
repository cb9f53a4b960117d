import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { adapterConfigJson } from '../../src/ml/checkpoint/adapter-config.ts';
import { openAdapterFolder, writeAdapterFolder } from '../../src/ml/checkpoint/adapter-folder.ts';
import { openBertFolder } from '../../src/ml/checkpoint/bert-folder.ts';
import { elementCount } from '../../src/ml/element-count.ts';
import type { HostTensor } from '../../src/ml/checkpoint/host-tensor.ts';
import { type LazyTensors, loadAll } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { openModelFolder } from '../../src/ml/checkpoint/model-folder.ts';
import { parseMt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { openMt5Folder, writeMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { canonicalMt5Tensors } from '../../src/ml/checkpoint/mt5-layout.ts';
import { mt5ParameterShapes } from '../../src/ml/checkpoint/mt5-parameters.ts';
import { openSafetensors, writeSafetensors } from '../../src/ml/checkpoint/safetensors.ts';
import {
  parseSafetensorsHeader,
  type SafetensorsHeader,
} from '../../src/ml/checkpoint/safetensors-header.ts';
import { toFloat32 } from '../../src/ml/checkpoint/to-float32.ts';
import { openTorchBin } from '../../src/ml/checkpoint/torch-bin.ts';
import { fuzzFile, fuzzHeader } from '../checkpoint/fuzz.ts';
import { temporaryFolder } from '../checkpoint/temporary-folder.ts';
import { valueOf } from '../checkpoint/value-of.ts';

const oracles = process.env['ORACLES'] ?? '../shared/oracles';
const files = existsSync(oracles)
  ? readdirSync(oracles, { recursive: true, encoding: 'utf8' })
      .map((name) => join(oracles, name))
      .sort()
  : [];
const ending = (suffix: string): readonly string[] => files.filter((path) => path.endsWith(suffix));
const named = (path: string): string => relative(oracles, path);
/** How many damaged inputs a file gets: 1,000,000 in all are a matter of minutes. */
const rounds = Number(process.env['FUZZ'] ?? 20_000);

const safetensors = ending('.safetensors');
const models = ending('/config.json').map((path) => path.slice(0, -'/config.json'.length));
const adapters = ending('/adapter_config.json').map((path) => path.slice(0, -'/adapter_config.json'.length));
const shapeTables = ending('-shapes.json');
/** A model and the other forms of its weights: <model>/ and <model>-variants/. */
const variants = models.flatMap((model) =>
  existsSync(`${model}-variants`)
    ? readdirSync(`${model}-variants`).map(
        (name) => [named(join(`${model}-variants`, name)), model, join(`${model}-variants`, name)] as const,
      )
    : [],
);

describe.skipIf(safetensors.length === 0)(`safetensors files${absence(safetensors)}`, () => {
  test.each(safetensors.map((path) => [named(path), path]))(
    '%s is read, and written again byte for byte',
    async (_, path) => {
      const copy = join(await temporaryFolder(), 'copy.safetensors');
      valueOf(await writeSafetensors(copy, valueOf(await openSafetensors(path)), headerOf(path).metadata));
      expect(readFileSync(copy).equals(readFileSync(path))).toBe(true);
    },
  );

  test(`${rounds} damaged headers are refused or harmless`, { timeout: 3_600_000 }, () => {
    const each = Math.ceil(rounds / safetensors.length);
    for (const [n, path] of safetensors.entries()) {
      const bytes = readFileSync(path);
      const end = 8 + Number(bytes.readBigUInt64LE());
      const { accepted, refused } = fuzzHeader(bytes.subarray(8, end), bytes.length - end, each, n);
      expect(accepted + refused).toBe(each);
    }
  });
});

describe.skipIf(models.length === 0)(`model folders${absence(models)}`, () => {
  test.each(models.map((path) => [named(path), path]))(
    '%s opens with every parameter of its model',
    async (_, path) => {
      const { tensors } = valueOf(await openModelFolder(path));
      expect(valueOf(await loadAll(tensors)).size).toBe(tensors.size);
    },
  );

  const written = models.filter(
    (path) =>
      !path.includes('bert') &&
      existsSync(join(path, 'generation_config.json')) &&
      ending('.safetensors').some((file) => file.startsWith(`${path}/`)),
  );
  test.each(written.map((path) => [named(path), path]))(
    '%s is written again byte for byte',
    async (_, path) => {
      const copy = join(await temporaryFolder(), 'copy');
      // Sharded tables are made with max_shard_size="200KB".
      valueOf(
        await writeMt5Folder(copy, valueOf(await openMt5Folder(path)), {
          maxShardBytes: existsSync(join(path, 'model.safetensors')) ? 5e9 : 200_000,
        }),
      );
      expect(readdirSync(copy).sort()).toEqual(readdirSync(path).sort());
      for (const name of readdirSync(path))
        expect(readFileSync(join(copy, name)).equals(readFileSync(join(path, name))), name).toBe(true);
    },
  );

  test.skipIf(variants.length === 0).each(variants)(
    '%s contains the numbers of the model',
    async (_, model, variant) => {
      const { config, tensors } = valueOf(await openMt5Folder(model));
      const expected = valueOf(await loadAll(tensors));
      const found = valueOf(await loadAll(await variantTensors(variant, config)));
      expect([...found.keys()]).toEqual([...expected.keys()]);
      for (const [name, tensor] of expected)
        expect(worstRounding(found.get(name), tensor), name).toBeLessThanOrEqual(1);
    },
  );
});

const bertFolders = models.filter(
  (path) =>
    existsSync(join(path, 'vocab.txt')) &&
    existsSync(join(path, 'pytorch_model.bin')) &&
    existsSync(join(path, 'model.safetensors')),
);
test.skipIf(bertFolders.length === 0).each(bertFolders.map((path) => [named(path), path]))(
  '%s contains the same in both of its files',
  async (_, path) => {
    const fromTorch = valueOf(await loadAll(valueOf(await openTorchBin(join(path, 'pytorch_model.bin')))));
    expect(new Map([...fromTorch].sort())).toEqual(
      new Map(
        [...valueOf(await loadAll(valueOf(await openSafetensors(join(path, 'model.safetensors')))))].sort(),
      ),
    );
    expect((await openBertFolder(path)).ok).toBe(true);
  },
);

const torchFiles = ending('.bin');
test.skipIf(torchFiles.length === 0).each(torchFiles.map((path) => [named(path), path]))(
  'damaged copies of %s are refused or read',
  { timeout: 3_600_000 },
  async (_, path) => {
    const count = Math.max(1, Math.min(200, Math.floor((rounds / 100) * (100_000 / statSync(path).size))));
    const { accepted, refused } = await fuzzFile(path, await temporaryFolder(), count, 7);
    expect(accepted + refused).toBe(count);
  },
);

describe.skipIf(adapters.length === 0)(`adapter folders${absence(adapters)}`, () => {
  test.each(adapters.map((path) => [named(path), path]))(
    '%s is read, and written as by peft',
    async (_, path) => {
      const copy = join(await temporaryFolder(), 'copy');
      const adapter = valueOf(await openAdapterFolder(path));
      valueOf(await writeAdapterFolder(copy, adapter));
      expect(
        readFileSync(join(copy, 'adapter_model.safetensors')).equals(
          readFileSync(join(path, 'adapter_model.safetensors')),
        ),
      ).toBe(true);
      const theirs = JSON.parse(readFileSync(join(path, 'adapter_config.json'), 'utf8'));
      for (const [name, value] of Object.entries(adapterConfigJson(adapter.config)))
        expect(theirs[name] ?? null, name).toEqual(value);
    },
  );
});

describe.skipIf(shapeTables.length === 0)(`parameter tables${absence(shapeTables)}`, () => {
  const rows = shapeTables.flatMap((path) =>
    Object.entries<ShapeTable>(JSON.parse(readFileSync(path, 'utf8'))),
  );
  test.each(rows)('%s has these parameters, in this order', (_, table) => {
    const shapes = mt5ParameterShapes(
      valueOf(parseMt5Config({ model_type: 'mt5', ...table.config }, 'config.json')),
    );
    expect([...shapes]).toEqual(Object.entries(table.tensors));
    expect([...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0)).toBe(table.parameters);
  });
});

interface ShapeTable {
  readonly config: Readonly<Record<string, number>>;
  readonly parameters: number;
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

function absence(found: readonly string[]): string {
  return found.length === 0 ? `: none in ${oracles}` : '';
}

function headerOf(path: string): SafetensorsHeader {
  const bytes = readFileSync(path);
  const end = 8 + Number(bytes.readBigUInt64LE());
  return valueOf(parseSafetensorsHeader(bytes.toString('utf8', 8, end), bytes.length - end));
}

/** A variant is a folder, or a file of a form that folders no longer have. */
async function variantTensors(
  path: string,
  config: Parameters<typeof canonicalMt5Tensors>[0],
): Promise<LazyTensors> {
  if (!path.endsWith('.bin')) return valueOf(await openMt5Folder(path)).tensors;
  const { tensors, problems } = await canonicalMt5Tensors(config, valueOf(await openTorchBin(path)));
  expect(problems).toEqual([]);
  return tensors;
}

/**
 * The largest difference, in halves of the last place that the stored type has: 1 is as near as the type
 * allows.
 */
function worstRounding(found: HostTensor | undefined, exact: HostTensor): number {
  if (found === undefined || String(found.shape) !== String(exact.shape)) return Infinity;
  const [values, wanted] = [toFloat32(found), toFloat32(exact)];
  const fractionBits = found.dtype === 'bfloat16' ? 7 : found.dtype === 'float16' ? 10 : undefined;
  const smallest = found.dtype === 'float16' ? 2 ** -14 : 2 ** -126;
  return wanted.reduce((worst, value, i) => {
    const distance = Math.abs((values[i] ?? NaN) - value);
    const halfPlace =
      fractionBits === undefined
        ? 0
        : 2 ** (Math.floor(Math.log2(Math.max(Math.abs(value), smallest))) - fractionBits - 1);
    return distance === 0 ? worst : Math.max(worst, distance / halfPlace);
  }, 0);
}
