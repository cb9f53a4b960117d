import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../src/files/json.ts';
import { type HostTensor, tensorOver } from '../../src/ml/checkpoint/host-tensor.ts';
import { fromMemory } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { parseMt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../../src/ml/checkpoint/mt5-parameters.ts';
import { writeSafetensors } from '../../src/ml/checkpoint/safetensors.ts';
import { temporaryFolder } from '../checkpoint/temporary-folder.ts';
import { valueOf } from '../checkpoint/value-of.ts';

/** What golden/model-folders.py makes. */
export interface FolderTables {
  readonly sources: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
  /** By version of transformers and name. */
  readonly folders: Readonly<Record<string, Readonly<Record<string, FolderRow>>>>;
}

export interface FolderRow {
  readonly config: JsonObject;
  /** Whether the weights hold a head of their own. */
  readonly head: boolean;
  readonly losses: readonly number[];
  readonly generations: readonly {
    readonly given: JsonObject;
    readonly sequences: readonly (readonly number[])[];
  }[];
}

/** The folder that the row's numbers were computed with. */
export async function folderOf({ config, head }: Pick<FolderRow, 'config' | 'head'>): Promise<string> {
  const folder = join(await temporaryFolder(), 'model');
  await mkdir(folder);
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const parsed = valueOf(parseMt5Config(config, 'config.json'));
  const shapes = mt5ParameterShapes({ ...parsed, tieWordEmbeddings: !head });
  const tensors = new Map([...shapes].map(([name, shape]) => [name, filled(name, shape)]));
  valueOf(await writeSafetensors(join(folder, 'model.safetensors'), fromMemory(tensors)));
  return folder;
}

/** A tensor whose numbers follow from its name. */
function filled(name: string, shape: readonly number[]): HostTensor {
  const seed = Array.from(Buffer.from(name)).reduce((hash, byte) => (Math.imul(hash, 31) + byte) >>> 0, 0);
  const data = Float32Array.from({ length: shape.reduce((size, each) => size * each, 1) }, (_, index) => {
    let hash = (Math.imul(index, 2654435761) + seed) >>> 0;
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39) >>> 0;
    const part = (hash ^ (hash >>> 15)) >>> 0;
    return shape.length === 1 ? part / 2 ** 32 + 0.5 : (part / 2 ** 32 - 0.5) * 1.6;
  });
  return tensorOver('float32', shape, data.buffer);
}
