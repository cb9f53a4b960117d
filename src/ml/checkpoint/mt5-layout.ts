import { bytesOf } from './host-tensor.ts';
import { type LazyTensor, type LazyTensors, load } from './lazy-tensor.ts';
import type { Mt5Config } from './mt5-config.ts';
import { mt5ParameterShapes } from './mt5-parameters.ts';
import { matchTensors } from './tensor-check.ts';

/**
 * Maps the tensors of a T5, under any of the names that files use, to the names and the order of
 * `mt5ParameterShapes`, and lists all faults. Old files repeat the embedding under the names of both stacks
 * and of a tied head, and some have it only there; the copies must be equal, since nothing marks one of them
 * as the right one.
 */
export async function canonicalMt5Tensors(
  config: Mt5Config,
  stored: LazyTensors,
  part: 'whole' | 'encoder' = 'whole',
): Promise<ReturnType<typeof matchTensors>> {
  const copies = new Set([
    'shared.weight',
    'encoder.embed_tokens.weight',
    'decoder.embed_tokens.weight',
    ...(config.tieWordEmbeddings ? ['lm_head.weight'] : []),
  ]);
  const found = [...copies].flatMap((name) => {
    const tensor = stored.get(name);
    return tensor === undefined ? [] : [{ name, tensor }];
  });
  const named = new Map([...stored].filter(([name]) => !copies.has(name) && name !== unusedBias));
  const [first, ...others] = found;
  if (first !== undefined) named.set('shared.weight', first.tensor);
  const shapes = [...mt5ParameterShapes(config)];
  const isWanted = (name: string): boolean => part === 'whole' || !isOfDecoder(name);
  const { tensors, problems, unused } = matchTensors(
    new Map([...named].filter(([name]) => isWanted(name))),
    new Map(shapes.filter(([name]) => isWanted(name))),
  );
  const different: string[] = [];
  for (const { name, tensor } of others) {
    if (first !== undefined && !(await areEqual(first.tensor, tensor)))
      different.push(`${name} should be a copy of ${first.name}, but has different values`);
  }
  return { tensors, problems: [...problems, ...different], unused };
}

/**
 * Whether the files have a head that differs from the embedding: transformers 5 uses that head regardless of
 * the configuration.
 */
export async function hasOwnHead(stored: LazyTensors): Promise<boolean> {
  const head = stored.get('lm_head.weight');
  const embedding = ['shared.weight', 'encoder.embed_tokens.weight', 'decoder.embed_tokens.weight']
    .map((name) => stored.get(name))
    .find((tensor) => tensor !== undefined);
  return head !== undefined && embedding !== undefined && !(await areEqual(head, embedding));
}

const isOfDecoder = (name: string): boolean => name.startsWith('decoder.') || name === 'lm_head.weight';

/** Early T5 files hold this table, which cross-attention never used; transformers ignores it as well. */
const unusedBias = 'decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight';

async function areEqual(a: LazyTensor, b: LazyTensor): Promise<boolean> {
  if (a === b) return true;
  if (a.dtype !== b.dtype || String(a.shape) !== String(b.shape)) return false;
  const [left, right] = [await load(a), await load(b)];
  return left.ok && right.ok && Buffer.compare(bytesOf(left.value), bytesOf(right.value)) === 0;
}
