import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseMt5Config, type Mt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { readSafetensors } from '../../src/ml/checkpoint/safetensors.ts';
import type { Feeds } from '../../src/ml/model/packed-rows.ts';
import { ignoredLabel } from '../../src/ml/tensor/ops/loss.ts';

/** Where the tables of mT5 and T5 lie. */
export const mt5Folder = join(process.env['ORACLES'] ?? '../shared/oracles', 'mt5');

/**
 * The models that have a file `<model><suffix>`, and what else its test cannot do without, named in the same
 * way.
 */
export function modelsWith(suffix: string, ...needed: readonly string[]): readonly string[] {
  const models = existsSync(mt5Folder)
    ? readdirSync(mt5Folder).flatMap((name) => (name.endsWith(suffix) ? [name.slice(0, -suffix.length)] : []))
    : [];
  return models.filter((model) => needed.every((each) => existsSync(join(mt5Folder, model + each))));
}

/** A table's tensors as numbers, whatever their type. */
export interface Table {
  readonly names: readonly string[];
  readonly shape: (name: string) => readonly number[];
  readonly numbers: (name: string) => readonly number[];
  readonly has: (name: string) => boolean;
}

export async function readTable(name: string): Promise<Table> {
  const read = await readSafetensors(join(mt5Folder, name));
  if (!read.ok) throw new Error(read.error.message);
  const tensors = read.value;
  const find = (tensor: string): NonNullable<ReturnType<typeof tensors.get>> => {
    const found = tensors.get(tensor);
    if (found === undefined) throw new Error(`${name} has no tensor ${tensor}`);
    return found;
  };
  return {
    names: [...tensors.keys()],
    shape: (tensor) => find(tensor).shape,
    numbers: (tensor) => Array.from(find(tensor).data, Number),
    has: (tensor) => tensors.has(tensor),
  };
}

export async function readModelFolder(
  name: string,
): Promise<{ readonly config: Mt5Config; readonly weights: Feeds }> {
  const path = join(mt5Folder, name, 'config.json');
  const config = parseMt5Config(JSON.parse(await readFile(path, 'utf8')), path);
  if (!config.ok) throw new Error(config.error.message);
  const table = await readTable(`${name}/model.safetensors`);
  return {
    config: config.value,
    weights: Object.fromEntries(
      table.names.map((tensor) => [
        tensor,
        { dtype: 'float32', shape: table.shape(tensor), data: Float32Array.from(table.numbers(tensor)) },
      ]),
    ),
  };
}

export async function readJsonTable<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(join(mt5Folder, name), 'utf8'));
}

/**
 * The token rows of a batch: sources by the mask, labels up to the last that counts. A row of which none
 * counts keeps one: no row is empty.
 */
export function batchRows(
  table: Table,
  prefix: string,
): { readonly source: number[][]; readonly labels: number[][] } {
  const masks = rowsOf(table, `${prefix}attention_mask`);
  return {
    source: rowsOf(table, `${prefix}input_ids`).map((ids, row) =>
      ids.filter((_, column) => masks[row]?.[column] === 1),
    ),
    labels: rowsOf(table, `${prefix}labels`).map((labels) =>
      labels.slice(0, Math.max(1, labels.findLastIndex(isLabel) + 1)),
    ),
  };
}

function rowsOf(table: Table, name: string): number[][] {
  const [rows = 0, length = 0] = table.shape(name);
  const values = table.numbers(name);
  return Array.from({ length: rows }, (_, row) => values.slice(row * length, (row + 1) * length));
}

/** How many labels the mean of a loss is over. */
export const countLabels = (labels: readonly (readonly number[])[]): number =>
  labels.flat().filter(isLabel).length;

const isLabel = (label: number): boolean => label !== ignoredLabel;

/** The vectors of a padded table [rows, length, width] at the places of real tokens, one after another. */
export function packedVectors(table: Table, name: string, lengths: readonly number[]): readonly number[] {
  const [, length = 0, width = 0] = table.shape(name);
  const values = table.numbers(name);
  return lengths.flatMap((count, row) => values.slice(row * length * width, (row * length + count) * width));
}

export const lengthsOf = (rows: readonly (readonly number[])[]): readonly number[] =>
  rows.map((row) => row.length);

/** The largest absolute difference. */
export function worstDifference(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  if (ours.length !== theirs.length) throw new Error(`${ours.length} values, expected ${theirs.length}`);
  let worst = 0;
  for (let i = 0; i < ours.length; i += 1) worst = Math.max(worst, difference(ours[i], theirs[i]));
  return worst;
}

/** The largest absolute difference, as a share of the largest entry. */
export function worstShare(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < theirs.length; i += 1) largest = Math.max(largest, Math.abs(theirs[i] ?? 0));
  return worstDifference(ours, theirs) / Math.max(largest, 1e-30);
}

/** NaN on either side is an infinite difference. */
function difference(a = Number.NaN, b = Number.NaN): number {
  const distance = Math.abs(a - b);
  return Number.isNaN(distance) ? Infinity : distance;
}
