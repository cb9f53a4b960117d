import { askNvidiaSmi } from '../../../files/nvidia-smi.ts';

/** The names, memories and driver of the cards, from nvidia-smi; none: it is not installed. */
export async function cardNames(): Promise<readonly string[]> {
  return linesOf('--query-gpu=name,memory.total,driver_version');
}

/**
 * The bytes that a process uses on all cards. In a container nvidia-smi knows its processes by other numbers
 * or not at all: undefined.
 */
export async function memoryOnCards(pid: number): Promise<number | undefined> {
  return memoryOf(pid, await linesOf('--query-compute-apps=pid,used_gpu_memory', 'nounits'));
}

/** From lines as "4711, 1234": a process and its MiB, a line a card. */
export function memoryOf(pid: number, lines: readonly string[]): number | undefined {
  const used = lines.flatMap((line) => {
    const [process, mebibytes] = line.split(',').map((part) => Number(part.trim()));
    return process === pid && mebibytes !== undefined && Number.isFinite(mebibytes) ? [mebibytes] : [];
  });
  return used.length === 0 ? undefined : used.reduce((sum, each) => sum + each, 0) * 2 ** 20;
}

async function linesOf(query: string, ...format: readonly string[]): Promise<readonly string[]> {
  const answer = (await askNvidiaSmi(query, 30, ...format)) ?? '';
  return answer.split('\n').filter((line) => line.trim() !== '');
}
