/**
 * What went wrong in a run, from TensorFlow's own message, with the sizes of the run and what can be done.
 * After it the session must not be used: what it was computing is lost, and so may be memory.
 */
export function runFailureText(message: string, sizes: ReadonlyMap<string, number>): string {
  const ran =
    sizes.size === 0 ? '' : ` (${[...sizes].map(([name, size]) => `${name} = ${size}`).join(', ')})`;
  const [line = ''] = message.split('\n');
  const said = line.length > longest ? `${line.slice(0, longest)}…` : line;
  if (/\bOOM\b|out of memory|resource exhausted|failed to allocate|bad_alloc/i.test(message))
    return `TensorFlow ran out of memory${ran}: lower "batch" and raise "accumulation" by as much, set "gradientCheckpointing: true", or lower "sourceTokens" and "targetTokens"; it said: ${said}`;
  if (/CUDA_ERROR|device.*(lost|unavailable)|GPU has fallen off|illegal memory access/i.test(message))
    return `the GPU failed${ran}: run again to go on from the last checkpoint, and look at \`nvidia-smi\` if it happens again; it said: ${said}`;
  return `TensorFlow could not run the graph${ran}: ${said}`;
}

const longest = 300;
