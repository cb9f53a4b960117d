import { execa } from 'execa';

/** The memory of the smallest GPU, in bytes, as NVIDIA's tool says; undefined: it cannot be asked. */
export async function gpuMemory(): Promise<number | undefined> {
  const query = ['--query-gpu=memory.total', '--format=csv,noheader,nounits'];
  const { stdout, failed } = await execa('nvidia-smi', query, { reject: false, timeout: 10_000 });
  return failed ? undefined : smallestOf(stdout);
}

/** A number of mebibytes a line. */
export function smallestOf(text: string): number | undefined {
  const sizes = text
    .split('\n')
    .map((line) => Number(line.trim()))
    .filter((size) => size > 0);
  return sizes.length === 0 ? undefined : Math.min(...sizes) * 2 ** 20;
}
