import type { Diagnostic, Range } from '../../diagnostic.ts';
import type { Node } from './node.ts';

/**
 * Limits of a pipeline file, far above what anyone writes: a file beyond them is refused before it costs time
 * or memory.
 */
export const limits = {
  /** UTF-16 units of text. */
  length: 4 << 20,
  /** Nesting of lists and maps. */
  depth: 100,
  /** Commas, colons and line ends, which are counted before anything is parsed. */
  separators: 500_000,
  /** Tokens of YAML. The parser takes about 1 µs for each. */
  tokens: 1_200_000,
  /** Comments and empty lines around a document, and documents. */
  topLevel: 50_000,
  /** Vars that refer to vars. */
  chain: 100,
  /** Values once every alias and merge is written out. */
  values: 1_000_000,
  /** References in one text, and the texts between them. */
  pieces: 10_000,
  /** UTF-16 units of one text once its references are written out. */
  text: 1 << 20,
  /** Instances of a pipeline: the product of axes grows fast. */
  instances: 100_000,
  /** Axes of one instance. */
  axes: 64,
  /** Deps on instances, in a whole pipeline. */
  edges: 1_000_000,
  /** Faults in the values of one file that are reported. */
  faults: 50,
  /** Faults that are reported at all. */
  reported: 200,
  /** Names that are compared with misspelt ones, for all faults together. */
  comparisons: 50_000,
} as const;

/** What no YAML may hold, found before it is parsed: the first fault, or undefined. */
export function guardText(file: string, text: string): Diagnostic | undefined {
  if (text.length > limits.length)
    return tooLarge(file, `it has ${text.length} characters, more than ${limits.length}`, 0);
  if (hasMoreSeparators(text, limits.separators))
    return tooLarge(file, `it has more than ${limits.separators} commas, colons and lines`, 0);
  const control = text.search(/(?![\t\n\r\x7F-\x9F])\p{Cc}/u);
  if (control >= 0) {
    const code = text.charCodeAt(control).toString(16).toUpperCase().padStart(4, '0');
    return {
      severity: 'error',
      code: 'control-character',
      message: `the control character U+${code} is not allowed: YAML is text`,
      at: { file, offset: control, length: 1 },
      help: 'remove it; in double quotes, an escape such as \\x1B can be written',
    };
  }
  const surrogate = text.search(/\p{Surrogate}/u);
  if (surrogate >= 0)
    return {
      severity: 'error',
      code: 'lone-surrogate',
      message: 'half a character (a lone surrogate), which UTF-8 cannot represent',
      at: { file, offset: surrogate, length: 1 },
    };
  const carriageReturn = text.search(/\r(?!\n)/);
  if (carriageReturn >= 0)
    return {
      severity: 'error',
      code: 'lone-carriage-return',
      message: 'a carriage return without a line feed: lines end with LF or CR LF',
      at: { file, offset: carriageReturn, length: 1 },
    };
  return undefined;
}

/**
 * A check that takes a few milliseconds, where the parser would take seconds to find that there is too much.
 */
function hasMoreSeparators(text: string, most: number): boolean {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if ((code === comma || code === colon || code === lineFeed) && ++count > most) return true;
  }
  return false;
}

const [comma, colon, lineFeed] = [0x2c, 0x3a, 0x0a];

/** The error of a file that is too large to be read safely, at an offset in it. */
export const tooLarge = (file: string, why: string, offset: number): Diagnostic => ({
  severity: 'error',
  code: 'too-large',
  message: `this pipeline file cannot be read: ${why}`,
  at: { file, offset, length: 1 },
  help: 'keep data in files of their own and name them as deps; write many points of a grid as axes',
});

/** `what`: "this axis has 200000 values". */
export const tooManyInstances = (what: string, at: Range): Diagnostic => ({
  severity: 'error',
  code: 'too-many-instances',
  message: `${what}, and a pipeline at most ${limits.instances} instances`,
  at,
});

/**
 * How many values a node is when everything that it shares is written out. Takes time for each value once.
 */
export function expandedSize(node: Node, known: Map<Node, number> = new Map()): number {
  const before = known.get(node);
  if (before !== undefined || node.kind === 'scalar' || node.kind === 'broken') return before ?? 1;
  let size = 1;
  if (node.kind === 'list') for (const item of node.items) size += expandedSize(item, known);
  else for (const { value } of node.entries.values()) size += expandedSize(value, known);
  known.set(node, size);
  return size;
}
