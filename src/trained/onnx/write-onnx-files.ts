import { join } from 'node:path';
import { type FileProblem, SourceFailed } from '../../files/file-problem.ts';
import { writeFileAtomically } from '../../files/write-atomically.ts';
import { type LazyTensor, loadFloat32 } from '../../ml/checkpoint/lazy-tensor.ts';
import type { Mt5Folder } from '../../ml/checkpoint/mt5-folder.ts';
import type { Result } from '../../result.ts';
import { decoderGraph, encoderGraph, type Mt5Source } from './mt5-graphs.ts';
import { onnxFiles } from './onnx-file.ts';
import type { OnnxModel } from './onnx-graph.ts';

/** Writes `onnx/encoder_model.onnx` and the three decoders below a folder, in float32. */
export async function writeOnnxFiles(
  folder: string,
  { config, tensors }: Pick<Mt5Folder, 'config' | 'tensors'>,
  mostInside?: number,
): Promise<Result<void, FileProblem>> {
  const source: Mt5Source = {
    config,
    weight(builder, name, transposed) {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new Error(`the model has no parameter "${name}"`);
      const [rows = 1, columns = 1] = tensor.shape;
      const isTransposed = transposed !== undefined;
      return builder.weight({
        name: isTransposed ? `${name}.transposed` : name,
        type: 'float32',
        shape: isTransposed ? [columns, rows] : tensor.shape,
        bytes: 4 * tensor.shape.reduce((product, size) => product * size, 1),
        async load() {
          const read = await float32(tensor);
          if (!read.ok) throw new SourceFailed(read.error);
          const values = isTransposed ? transpose(read.value, rows, columns) : read.value;
          return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
        },
      });
    },
  };
  const models: Readonly<Record<string, () => OnnxModel>> = {
    encoder_model: () => encoderGraph(source),
    decoder_model: () => decoderGraph(source, 'first'),
    decoder_with_past_model: () => decoderGraph(source, 'with-past'),
    decoder_model_merged: () => decoderGraph(source, 'merged'),
  };
  for (const [name, build] of Object.entries(models)) {
    const { graph, weights } = onnxFiles(build(), `${name}.onnx_data`, mostInside);
    for (const [file, content] of Object.entries({
      [`${name}.onnx`]: graph,
      [`${name}.onnx_data`]: weights,
    })) {
      if (content === undefined) continue;
      const written = await writeFileAtomically(join(folder, 'onnx', file), content);
      if (!written.ok) return written;
    }
  }
  return { ok: true, value: undefined };
}

async function float32(tensor: LazyTensor): Promise<Result<Float32Array, FileProblem>> {
  const values = new Float32Array(tensor.shape.reduce((product, size) => product * size, 1));
  const filled = await loadFloat32(tensor, values);
  return filled.ok ? { ok: true, value: values } : filled;
}

function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1)
      result[column * rows + row] = values[row * columns + column] ?? 0;
  return result;
}
