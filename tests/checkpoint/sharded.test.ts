import { expect, test } from 'vitest';
import { fromMemory } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { planShards, shardIndex } from '../../src/ml/checkpoint/sharded.ts';
import { filled } from './small-model.ts';

/** Tensors of these many bytes, named by letters. */
const tensors = (...bytes: readonly number[]) =>
  fromMemory(new Map(bytes.map((size, n) => [String.fromCodePoint(97 + n), filled([size / 4], 0)])));
const plan = (max: number, ...bytes: readonly number[]): readonly string[] =>
  planShards(tensors(...bytes), max).map((shard) => [...shard.keys()].join(''));

test('shards are filled in order up to the limit, inclusive', () => {
  expect(plan(16, 8, 8, 4, 12)).toEqual(['ab', 'cd']);
  expect(plan(16, 8, 12, 4)).toEqual(['a', 'bc']);
  expect(plan(100, 8, 12, 4)).toEqual(['abc']);
});

test('a tensor above the limit gets a shard of its own, before the current shard', () => {
  expect(plan(16, 8, 20, 8, 4)).toEqual(['b', 'ac', 'd']);
  expect(plan(4, 8, 8)).toEqual(['a', 'b']);
});

test('the index contains the totals and the shard of each tensor', () => {
  expect(shardIndex(planShards(tensors(8, 12), 12))).toEqual({
    metadata: { total_parameters: 5, total_size: 20 },
    weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
  });
});
