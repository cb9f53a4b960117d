import { integerField, joined, type Message, messageField, textField } from '../../ml/runtime/protobuf.ts';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './onnx-graph.ts';

/** The files of a model: the graph, and beside it the weights where one file cannot hold them. */
interface OnnxFiles {
  readonly graph: AsyncIterable<Uint8Array>;
  /** Undefined: the weights are in the graph's file. */
  readonly weights: AsyncIterable<Uint8Array> | undefined;
}

/** Protobuf messages are smaller than 2 GiB; the graph itself takes less than the rest. */
const mostBytesInside = 2 ** 31 - 2 ** 26;

/**
 * A ModelProto of opset 17 (IR version 8), which onnxruntime reads since 1.12; field numbers of
 * onnx/onnx.proto. Above `mostInside` bytes the weights go to a second file, named `weightsName` in the
 * first. Weights are loaded one by one.
 */
export function onnxFiles(
  { graph, tensors }: OnnxModel,
  weightsName: string,
  mostInside = mostBytesInside,
): OnnxFiles {
  const isOutside = tensors.reduce((sum, { bytes }) => sum + bytes, 0) > mostInside;
  const large = tensors.filter(({ bytes }) => isOutside && bytes >= leastOutside);
  const offsets = offsetsOf(large);
  const body: Pieces = [
    ...graphFields(graph),
    ...tensors.map((tensor) => {
      const offset = offsets.get(tensor.name);
      return delimited(
        5,
        offset === undefined ? insideFields(tensor) : [joined(outsideFields(tensor, weightsName, offset))],
      );
    }),
  ].flat();
  const whole: Pieces = [
    integerField(1, 8),
    textField(2, 'medical-qa-pipeline'),
    ...delimited(7, body),
    messageField(8, [textField(1, ''), integerField(2, 17)]),
  ];
  return { graph: bytesOf(whole), weights: large.length === 0 ? undefined : weightBytes(large, offsets) };
}

/** Smaller ones are shapes and the like, which tools want to see with the graph. */
const leastOutside = 1024;

/** Memory can be mapped at multiples of a page. */
const alignment = 4096;

/** Bytes that are there, or are made when it is their turn. */
type Piece = Uint8Array | OnnxTensor;
type Pieces = readonly Piece[];

const lengthOf = (piece: Piece): number => (piece instanceof Uint8Array ? piece.length : piece.bytes);

async function* bytesOf(pieces: Pieces): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield piece instanceof Uint8Array ? piece : await piece.load();
}

/** A field whose content is too long to be joined in memory. */
function delimited(field: number, pieces: Pieces): Pieces {
  const length = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  return [joined([varint((field << 3) | 2), varint(length)]), ...pieces];
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

const graphFields = ({ name, nodes, inputs, outputs }: OnnxGraph): Message => [
  ...nodes.map((node) => messageField(1, nodeProto(node))),
  textField(2, name),
  ...inputs.map((value) => messageField(11, valueInfo(value))),
  ...outputs.map((value) => messageField(12, valueInfo(value))),
];

const nodeProto = ({ operator, inputs, outputs, attributes }: OnnxNode): Message => [
  ...inputs.map((name) => textField(1, name)),
  ...outputs.map((name) => textField(2, name)),
  textField(3, outputs[0] ?? ''),
  textField(4, operator),
  ...Object.entries(attributes).map(([name, value]) =>
    messageField(5, [textField(1, name), ...attributeFields(value)]),
  ),
];

/** The value's own field, and field 20, the type. */
function attributeFields(attribute: OnnxAttribute): Message {
  if ('int' in attribute) return [integerField(3, attribute.int), integerField(20, 2)];
  if ('ints' in attribute)
    return [...attribute.ints.map((each) => integerField(8, each)), integerField(20, 7)];
  return [messageField(6, graphFields(attribute.graph)), integerField(20, 5)];
}

/** TensorProto.DataType. */
const elementTypes = { float32: 1, int64: 7, bool: 9 } as const;

const valueInfo = ({ name, type, shape }: OnnxValue): Message => [
  textField(1, name),
  messageField(2, [
    messageField(1, [
      integerField(1, elementTypes[type]),
      messageField(
        2,
        shape.map((size) =>
          messageField(1, [typeof size === 'number' ? integerField(1, size) : textField(2, size)]),
        ),
      ),
    ]),
  ]),
];

const head = ({ name, type, shape }: OnnxTensor): Message => [
  ...shape.map((size) => integerField(1, size)),
  integerField(2, elementTypes[type]),
  textField(8, name),
];

/** With `raw_data`. */
const insideFields = (tensor: OnnxTensor): Pieces => [...head(tensor), ...delimited(9, [tensor])];

/** With `external_data` and its location, EXTERNAL. */
const outsideFields = (tensor: OnnxTensor, file: string, offset: number): Message => [
  ...head(tensor),
  ...Object.entries({ location: file, offset: String(offset), length: String(tensor.bytes) }).map(
    ([key, value]) => messageField(13, [textField(1, key), textField(2, value)]),
  ),
  integerField(14, 1),
];

function offsetsOf(tensors: readonly OnnxTensor[]): ReadonlyMap<string, number> {
  const offsets = new Map<string, number>();
  let end = 0;
  for (const { name, bytes } of tensors) {
    const offset = Math.ceil(end / alignment) * alignment;
    offsets.set(name, offset);
    end = offset + bytes;
  }
  return offsets;
}

async function* weightBytes(
  tensors: readonly OnnxTensor[],
  offsets: ReadonlyMap<string, number>,
): AsyncGenerator<Uint8Array> {
  let end = 0;
  for (const tensor of tensors) {
    const offset = offsets.get(tensor.name) ?? end;
    if (offset > end) yield new Uint8Array(offset - end);
    yield await tensor.load();
    end = offset + tensor.bytes;
  }
}
