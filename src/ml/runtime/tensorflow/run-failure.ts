import { ReportedError } from '../../../reported-error.ts';

/** Runs; an error of TensorFlow is thrown again with a message that says what to do. */
export function explainingFailure<Result>(sizes: ReadonlyMap<string, number>, run: () => Result): Result {
  try {
    return run();
  } catch (cause) {
    throw runFailure(cause, sizes);
  }
}

/**
 * The fault of a run, from TensorFlow's own message, with the sizes of the run and what to do. After it the
 * session must not be used: its current results are lost, and memory may be leaked. An unknown error may be a
 * bug, and keeps its stack.
 */
export function runFailure(cause: unknown, sizes: ReadonlyMap<string, number>): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  const known = knownFailure(message, sizes);
  return known === undefined
    ? new Error(`TensorFlow could not run the graph${ranText(sizes)}: ${reportedText(message)}`, { cause })
    : new ReportedError(known, { cause });
}

const ranText = (sizes: ReadonlyMap<string, number>): string =>
  sizes.size === 0 ? '' : ` (${[...sizes].map(([name, size]) => `${name} = ${size}`).join(', ')})`;

function reportedText(message: string): string {
  const [line = ''] = message.split('\n');
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}

function knownFailure(message: string, sizes: ReadonlyMap<string, number>): string | undefined {
  const [ran, reported] = [ranText(sizes), reportedText(message)];
  const where = deviceIn(message);
  if (/\bOOM\b|out[ _]of[ _]memory|resource[ _]exhausted|failed to allocate|bad_alloc/i.test(message))
    return (
      `TensorFlow ran out of memory${where}${requestIn(message)}${ran}: ${lessMemory(sizes)}; ` +
      `TensorFlow reported: ${reported}`
    );
  const op = /No OpKernel was registered to support Op '([^']+)'/i.exec(message)?.[1];
  if (op !== undefined)
    return (
      `this TensorFlow has no kernel of the op "${op}" for these types and this device: install the ` +
      `version that is tested with \`pipeline setup tensorflow\`; TensorFlow reported: ${reported}`
    );
  if (/no kernel image is available|NO_BINARY_FOR_GPU|INVALID_PTX/i.test(message))
    return (
      'this TensorFlow does not support this GPU: 2.21.0 needs compute capability 6.0 or newer; for an ' +
      'older GPU use `pipeline setup tensorflow --gpu --version 2.9.1`, or `device: cpu`; ' +
      `TensorFlow reported: ${reported}`
    );
  if (
    /driver version is insufficient|UNSUPPORTED_PTX_VERSION|DRIVER_MISMATCH|COMPAT_NOT_SUPPORTED/i.test(
      message,
    )
  )
    return (
      'the NVIDIA driver is too old for this TensorFlow, or was updated without a restart: see ' +
      `\`nvidia-smi\` and \`pipeline doctor\`; TensorFlow reported: ${reported}`
    );
  if (/CUDA_ERROR|device.*(lost|unavailable)|GPU has fallen off|illegal memory access/i.test(message))
    return (
      `the GPU failed${ran}: run again to resume from the last checkpoint; if it fails again, check ` +
      `\`nvidia-smi\`; TensorFlow reported: ${reported}`
    );
  return undefined;
}

const longest = 300;

/** TensorFlow names devices as "/job:localhost/replica:0/task:0/device:GPU:0". */
function deviceIn(message: string): string {
  const [, kind, number] = /device:(CPU|GPU):(\d+)/i.exec(message) ?? [];
  if (kind === undefined) return '';
  return kind.toUpperCase() === 'GPU' ? ` on GPU ${number}` : ' on the CPU';
}

/** The request that failed, of "when allocating tensor with shape[8,12,512,512] and type float". */
function requestIn(message: string): string {
  const [, shape = '', type = ''] = /tensor with shape\s*\[([\d,\s]*)\] and type (\w+)/.exec(message) ?? [];
  const bytes = elementBytes[type];
  if (bytes === undefined) return '';
  const size = shape.split(',').reduce((product, length) => product * Number(length || 1), bytes);
  return ` when it asked for ${(size / 2 ** 20).toFixed(1)} MiB for a tensor [${shape}]`;
}

const elementBytes: Readonly<Record<string, number>> = {
  float: 4,
  bfloat16: 2,
  half: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  bool: 1,
};

/** What runs without sizes moves weights. */
function lessMemory(sizes: ReadonlyMap<string, number>): string {
  if (sizes.size === 0)
    return (
      'not even the weights and the optimizer state fit: stop other programs that use the memory, ' +
      'train an adapter (LoRA), or take a smaller model'
    );
  const rows = sizes.get('batch') ?? 1;
  const tried = rows > 1 ? ` (${rows} rows did not fit: try ${Math.floor(rows / 2)})` : '';
  return (
    `lower "batch"${tried} and raise "accumulation" by as much, set "gradientCheckpointing: true", or ` +
    'lower "sourceTokens" and "targetTokens"'
  );
}
