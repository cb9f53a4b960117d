import { execa } from 'execa';

/**
 * What NVIDIA's tool answers to a query, as lines of values with commas between them; undefined: it is not
 * there, fails, or takes too long. `format`: options beside those.
 */
export async function askNvidiaSmi(
  query: string,
  seconds: number,
  ...format: readonly string[]
): Promise<string | undefined> {
  const words = [query, `--format=${['csv', 'noheader', ...format].join(',')}`];
  const { failed, stdout } = await execa('nvidia-smi', words, { reject: false, timeout: 1000 * seconds });
  return failed ? undefined : stdout;
}
