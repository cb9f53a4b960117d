import { readNvidiaDriver } from '../../../../files/nvidia-driver.ts';
import { type ListedGpu, parseGpuList } from './visible-gpus.ts';

/**
 * The cards of this machine, from NVIDIA's tool, which takes up to a second; if it is unavailable, from the
 * device files that NVIDIA's driver creates for each card.
 */
export function listGpus(): readonly ListedGpu[] {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status, stdout } = spawnSync('nvidia-smi', ['-L'], {
    encoding: 'utf8',
    timeout: 10_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const listed = status === 0 ? parseGpuList(stdout) : [];
  if (listed.length > 0) return listed;
  // CUDA counts the cards that it sees: in a container with /dev/nvidia3 alone, that is number 0.
  return readNvidiaDriver().devices.map((_, number) => ({ number, model: '', uuid: undefined, parts: [] }));
}
