import { askNvidiaSmi } from '../../../files/nvidia-smi.ts';

/** The memory of the smallest GPU, in bytes, as NVIDIA's tool says; undefined: it cannot be asked. */
export async function gpuMemory(): Promise<number | undefined> {
  const answer = await askNvidiaSmi('--query-gpu=memory.total', 10, 'nounits');
  return answer === undefined ? undefined : smallestOf(answer);
}

/** A number of mebibytes a line. */
export function smallestOf(text: string): number | undefined {
  const sizes = text
    .split('\n')
    .map((line) => Number(line.trim()))
    .filter((size) => size > 0);
  return sizes.length === 0 ? undefined : Math.min(...sizes) * 2 ** 20;
}
