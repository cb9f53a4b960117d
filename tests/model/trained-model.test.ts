import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AdapterConfig } from '../../src/ml/checkpoint/adapter-config.ts';
import { writeAdapterFolder } from '../../src/ml/checkpoint/adapter-folder.ts';
import { fromMemory, loadAllFloat32 } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { writeMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { loraShapes } from '../../src/ml/model/lora.ts';
import { loraTargets } from '../../src/ml/model/lora-targets.ts';
import { openTrainedModel } from '../../src/ml/model/trained-model.ts';
import { filled, smallModel } from '../checkpoint/small-model.ts';
import { temporaryFolder } from '../checkpoint/temporary-folder.ts';
import { valueOf } from '../checkpoint/value-of.ts';
import { adapter } from '../train/tiny-training.ts';

const model = smallModel();
const shapes = (config: AdapterConfig) =>
  loraShapes(valueOf(loraTargets(config, model.config)), model.config);

/** Opens the small model with an adapter of these settings that holds the tensors of those. */
async function opened(config: AdapterConfig, holding: AdapterConfig) {
  const root = await temporaryFolder();
  const [base, folder] = [join(root, 'base'), join(root, 'adapter')];
  valueOf(await writeMt5Folder(base, model));
  valueOf(
    await writeAdapterFolder(folder, {
      config,
      tensors: fromMemory(new Map([...shapes(holding)].map(([name, shape]) => [name, filled(shape, 1)]))),
    }),
  );
  return openTrainedModel(base, folder);
}

test('an adapter is merged into its layers, and no others', async () => {
  const { weights } = valueOf(
    await opened({ ...adapter, targetModules: ['q'] }, { ...adapter, targetModules: ['q'] }),
  );
  const before = valueOf(await loadAllFloat32(model.tensors));
  const moved = Object.entries(weights).filter(([name, { data }]) => data[0] !== before.get(name)?.[0]);
  expect(moved.map(([name]) => name.split('.').at(-2))).toEqual(Array(moved.length).fill('q'));
  expect(moved).toHaveLength(4);
});

test('a tensor that no layer of the adapter uses is refused by name', async () => {
  const refused = await opened(
    { ...adapter, targetModules: ['q'] },
    { ...adapter, targetModules: ['q', 'v'] },
  );
  expect(refused).toMatchObject({
    ok: false,
    error: expect.stringContaining(
      'encoder.block.0.layer.0.SelfAttention.v.lora_A.weight belongs to no layer that ' +
        'adapter_config.json selects',
    ),
  });
});

test('a missing adapter layer is named', async () => {
  const refused = await opened(
    { ...adapter, targetModules: ['q', 'v'] },
    { ...adapter, targetModules: ['q'] },
  );
  expect(refused).toMatchObject({
    ok: false,
    error: expect.stringContaining(
      'encoder.block.0.layer.0.SelfAttention.v.lora_A.weight is missing, expected [3, 6]',
    ),
  });
});
