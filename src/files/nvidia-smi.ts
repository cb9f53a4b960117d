import { execa } from 'execa';

/** What NVIDIA's tool prints; undefined: it is not there, fails, or takes too long. */
export async function runNvidiaSmi(words: readonly string[], seconds: number): Promise<string | undefined> {
  const { failed, stdout } = await execa('nvidia-smi', words, { reject: false, timeout: 1000 * seconds });
  return failed ? undefined : stdout;
}

/**
 * What it answers to a query, as lines of values with commas between them. `format`: options beside those.
 */
export const askNvidiaSmi = (
  query: string,
  seconds: number,
  ...format: readonly string[]
): Promise<string | undefined> =>
  runNvidiaSmi([query, `--format=${['csv', 'noheader', ...format].join(',')}`], seconds);
