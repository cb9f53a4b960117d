import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DType } from '../../tensor/node.ts';
import type { HostValue } from '../runtime.ts';
import type { Binding } from './binding.ts';
import { type NodeDef, savedModel, servingTag, typeNumbers } from './graph-def.ts';
import { explainingFailure } from './run-failure.ts';

/** A graph in TensorFlow, with its variables. */
export interface Program {
  /**
   * `fetched` has the type of each output, one of the binding's types. Feeds are copied, since TensorFlow may
   * read them in place for as long as a variable has them; `lent` is for feeds that the graph itself copies.
   */
  run(
    fed: readonly (readonly [node: string, value: HostValue])[],
    fetched: readonly Fetched[],
    borrowed?: 'borrowed',
  ): readonly HostValue[];
  release(): void;
}

export interface Fetched {
  readonly node: string;
  readonly dtype: Extract<DType, 'float32' | 'int32' | 'bool'>;
}

/** Loads a graph into TensorFlow, which the caller releases. */
export function openProgram(binding: Binding, nodes: readonly NodeDef[]): Program {
  const session = load(binding, nodes);
  return {
    run(fed, fetched, borrowed) {
      const inputs: number[] = [];
      try {
        for (const [, value] of fed) inputs.push(tensorOf(binding, value, borrowed));
        const outputs = binding.runSavedModel(
          session,
          inputs,
          fed.map(([node]) => `${node}:0`).join(),
          fetched.map(({ node }) => (node.includes(':') ? node : `${node}:0`)).join(),
        );
        return outputs.map(({ id, shape }, index) => {
          const data = binding.tensorDataSync(id);
          binding.deleteTensor(id);
          return hostValue(fetched[index]?.dtype, shape, data);
        });
      } finally {
        for (const id of inputs) binding.deleteTensor(id);
      }
    },
    release: () => binding.deleteSavedModel(session),
  };
}

/** TensorFlow reads a graph from a folder alone, and only once. */
function load(binding: Binding, nodes: readonly NodeDef[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'tensorflow-graph-'));
  try {
    writeFileSync(join(folder, 'saved_model.pb'), savedModel(nodes));
    return explainingFailure(new Map(), () => binding.loadSavedModel(folder, servingTag));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The binding takes an array that begins at a multiple of 64 bytes without a copy. */
function tensorOf(
  binding: Binding,
  { dtype, shape, data }: HostValue,
  borrowed: 'borrowed' | undefined,
): number {
  switch (dtype) {
    case 'float32':
    case 'int32':
      return binding.createTensor(shape, typeNumbers[dtype], borrowed === undefined ? data.slice() : data);
    case 'bool':
      return binding.createTensor(shape, typeNumbers.bool, data.slice());
    case 'uint32':
      return binding.createTensor(shape, typeNumbers.int32, new Int32Array(data.slice().buffer));
    case 'int64':
      return binding.createTensor(shape, typeNumbers.int32, Int32Array.from(data, Number));
  }
}

function hostValue(
  dtype: Fetched['dtype'] | undefined,
  shape: readonly number[],
  data: Float32Array | Int32Array | Uint8Array,
): HostValue {
  if (dtype === 'float32' && data instanceof Float32Array) return { dtype, shape, data };
  if (dtype === 'int32' && data instanceof Int32Array) return { dtype, shape, data };
  if (dtype === 'bool' && data instanceof Uint8Array) return { dtype, shape, data };
  throw new Error(`TensorFlow returned an array of another type than ${dtype}`);
}
