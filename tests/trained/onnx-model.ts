import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Mt5Config } from '../../src/ml/checkpoint/mt5-config.ts';

type Tensors = Record<string, Tensor>;

/** Ids in rows; shorter ones are filled up with 0 on the right. */
export type Rows = readonly (readonly number[])[];

const vectorOf = (rows: Rows, length: number, of: (row: readonly number[], at: number) => number): Tensor =>
  new Tensor(
    'int64',
    BigInt64Array.from(
      rows.flatMap((row) => Array.from({ length }, (_, at) => BigInt(of(row, at)))),
      (value) => value,
    ),
    [rows.length, length],
  );

/** The files of an exported model, opened in onnxruntime and used as transformers' generate does. */
export async function openOnnxModel(folder: string, config: Mt5Config) {
  const open = (name: string) =>
    InferenceSession.create(join(folder, 'onnx', `${name}.onnx`), { logSeverityLevel: 4 });
  const [encoder, first, withPast, merged] = await Promise.all(
    ['encoder_model', 'decoder_model', 'decoder_with_past_model', 'decoder_model_merged'].map(open),
  );
  if (!encoder || !first || !withPast || !merged) throw new Error('a file is missing');

  const mask = (source: Rows, length: number) =>
    vectorOf(source, length, (row, at) => (at < row.length ? 1 : 0));
  const padded = (rows: Rows) => Math.max(...rows.map(({ length }) => length));

  const encoded = async (source: Rows): Promise<Tensors> => {
    const length = padded(source);
    const feeds = {
      input_ids: vectorOf(source, length, (row, at) => row[at] ?? 0),
      attention_mask: mask(source, length),
    };
    const { last_hidden_state: states } = await encoder.run(feeds);
    if (states === undefined) throw new Error('the encoder gave no states');
    return { encoder_hidden_states: states, encoder_attention_mask: mask(source, length) };
  };

  const ids = (target: Rows): Tensor => vectorOf(target, target[0]?.length ?? 0, (row, at) => row[at] ?? 0);
  const pasts = (outputs: Tensors): Tensors =>
    Object.fromEntries(
      Object.entries(outputs).flatMap(([name, tensor]) =>
        name.startsWith('present') ? [[name.replace('present', 'past_key_values'), tensor]] : [],
      ),
    );
  const noPasts = (rows: number): Tensors =>
    Object.fromEntries(
      Array.from({ length: config.numDecoderLayers }, (_, layer) =>
        ['decoder', 'encoder'].flatMap((side) =>
          ['key', 'value'].map((part) => [
            `past_key_values.${layer}.${side}.${part}`,
            new Tensor('float32', new Float32Array(0), [rows, config.numHeads, 0, config.dKv]),
          ]),
        ),
      ).flat(),
    );
  const logitsIn = ({ logits }: Tensors): Float32Array => {
    if (!(logits?.data instanceof Float32Array)) throw new Error('there are no logits');
    return logits.data;
  };
  const column = (target: Rows, at: number): Rows => target.map((row) => [row[at] ?? 0]);
  /** [rows][steps] of [vocabulary] as [rows, steps, vocabulary]. */
  const joined = (steps: readonly Float32Array[], rows: number): number[] =>
    Array.from({ length: rows }, (_, row) =>
      steps.flatMap((step) => [
        ...step.subarray((row * step.length) / rows, ((row + 1) * step.length) / rows),
      ]),
    ).flat();

  return {
    /** Logits of all tokens of the target at once. */
    async whole(source: Rows, target: Rows): Promise<number[]> {
      return [...logitsIn(await first.run({ ...(await encoded(source)), input_ids: ids(target) }))];
    },
    /** The same, a token a step: the first decoder, then the one with the past. */
    async steps(source: Rows, target: Rows): Promise<number[]> {
      const feeds = await encoded(source);
      const start = await first.run({ ...feeds, input_ids: ids(column(target, 0)) });
      let past = pasts(start);
      const logits = [logitsIn(start)];
      for (let at = 1; at < (target[0]?.length ?? 0); at++) {
        const { encoder_hidden_states: _, ...rest } = feeds;
        const next = await withPast.run({ ...rest, ...past, input_ids: ids(column(target, at)) });
        past = { ...past, ...pasts(next) };
        logits.push(logitsIn(next));
      }
      return joined(logits, target.length);
    },
    /** The same by the decoder that is both. */
    async mergedSteps(source: Rows, target: Rows): Promise<number[]> {
      const feeds = await encoded(source);
      let past = noPasts(target.length);
      const logits: Float32Array[] = [];
      for (let at = 0; at < (target[0]?.length ?? 0); at++) {
        const next = await merged.run({
          ...feeds,
          ...past,
          input_ids: ids(column(target, at)),
          use_cache_branch: new Tensor('bool', [at > 0], [1]),
        });
        past = pasts(next);
        logits.push(logitsIn(next));
      }
      return joined(logits, target.length);
    },
  };
}
