import { drawMultiplier, halfThreshold, keptScale } from '../../../tensor/ops/random.ts';
import { keepMaskFunction } from './mask-function.ts';
import { memoriesFor, pageBytes } from './memory-shares.ts';
import { wasmModule } from './wasm-code.ts';

/**
 * The hashes that a mask is drawn from, one for each row and one for each column. What KeepMaskOfHalves
 * gives of their Draw is a block after another, in each of which the masks of all rows by the upper halves
 * come before those by the lower halves.
 */
export interface MaskHashes {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly blocks: number;
  readonly probability: number;
}

/** Draws masks one after the other, in memory that is used again: the next call overwrites them. */
export type DrawMasks = (masks: readonly MaskHashes[]) => readonly Float32Array[];

/** Draw and KeepMaskOfHalves (random.ts) in one pass, in WebAssembly SIMD: the same bits. */
export function createMaskKernel(): DrawMasks {
  const module = new WebAssembly.Module(wasmModule([keepMaskFunction()]));
  const memories: { readonly memory: WebAssembly.Memory; readonly keepMask: KeepMask }[] = [];

  return (masks) => {
    const shares = memoriesFor(
      masks.map(({ rows, columns }) => [rows.length, columns.length, 2 * rows.length * columns.length]),
    );
    const places = shares.flatMap(({ pages, groups }, index) => {
      const { memory, keepMask } = (memories[index] ??= createMemory(module));
      const missing = pages - memory.buffer.byteLength / pageBytes;
      if (missing > 0) memory.grow(missing);
      return groups.map((arrays) => ({ buffer: memory.buffer, keepMask, arrays }));
    });
    return masks.map((mask, index) => {
      const place = places[index];
      if (place === undefined) throw new Error('a mask has no memory');
      return drawInto(mask, place);
    });
  };
}

interface Place {
  readonly buffer: ArrayBuffer;
  readonly keepMask: KeepMask;
  readonly arrays: readonly { readonly offset: number; readonly length: number }[];
}

function drawInto({ rows, columns, blocks, probability }: MaskHashes, { buffer, keepMask, arrays }: Place) {
  const [rowsAt, columnsAt, maskAt] = arrays;
  if (rowsAt === undefined || columnsAt === undefined || maskAt === undefined)
    throw new Error('a mask has no place');
  writeOdd(rows, new Int32Array(buffer, rowsAt.offset, rowsAt.length));
  writeOdd(columns, new Int32Array(buffer, columnsAt.offset, columnsAt.length));
  const columnBytes = 4 * columns.length;
  const blockRows = rows.length / blocks;
  const settings = [drawMultiplier, halfThreshold(probability), bitsOf(keptScale(probability))];
  const draw = (first: number, count: number, rowBytes: number): void =>
    keepMask(
      rowsAt.offset + 4 * first,
      count,
      columnsAt.offset,
      columns.length,
      maskAt.offset + 2 * columnBytes * first,
      rowBytes,
      columnBytes * blockRows,
      ...settings,
    );
  // A call takes longer than a short row, so blocks of one row are drawn together.
  if (blockRows === 1) draw(0, blocks, 2 * columnBytes);
  else for (let first = 0; first < rows.length; first += blockRows) draw(first, blockRows, columnBytes);
  return new Float32Array(buffer, maskAt.offset, maskAt.length);
}

type KeepMask = (...of: readonly number[]) => void;

function createMemory(module: WebAssembly.Module) {
  const memory = new WebAssembly.Memory({ initial: 0 });
  const { keepMask } = new WebAssembly.Instance(module, { host: { memory } }).exports;
  if (typeof keepMask !== 'function') throw new Error('the module has no function "keepMask"');
  return { memory, keepMask: (...of: readonly number[]): void => void keepMask(...of) };
}

/** `as number`: the indices are in range by construction. */
function writeOdd(words: Int32Array, into: Int32Array): void {
  for (let i = 0; i < words.length; i += 1) into[i] = ((words[i] as number) << 1) | 1;
}

const bitsOf = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0] ?? 0;
