import { cpus } from 'node:os';
import manifest from '../../../../package.json' with { type: 'json' };
import type { TensorflowInspection } from '../tensorflow.ts';
import { cardNames } from './nvidia-smi.ts';
import type { TestedMachine } from './report-block.ts';

/** The machine as a report describes it, from the findings. */
export async function testedMachine(
  { installed, driver }: TensorflowInspection,
  device: 'cpu' | 'cuda',
): Promise<TestedMachine> {
  const cards = await cardNames();
  return {
    project: `${manifest.name} ${manifest.version}`,
    node: `${process.versions.node}, ${process.platform} ${process.arch}`,
    tensorflow: (installed.ok ? installed.value?.version : undefined) ?? 'not installed',
    driver: driver ?? 'none',
    cards: cards.length === 0 ? 'none that nvidia-smi names' : cards.join('; '),
    cpu: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} CPUs`,
    device,
  };
}
