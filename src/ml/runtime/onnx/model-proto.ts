import type { OperatorAttribute } from '../../tensor/emit.ts';
import type { DType, Shape } from '../../tensor/node.ts';
import {
  bytesField,
  floatField,
  integerField,
  joined,
  type Message,
  messageField,
  textField,
} from '../protobuf.ts';
import { rawData } from '../raw-data.ts';

/** An ONNX graph as data: produced by emit-onnx.ts, serialised here. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxInput[];
  readonly constants: readonly OnnxConstant[];
  readonly outputs: readonly string[];
}

export interface OnnxNode {
  /** With its domain: "MatMul", "com.microsoft.FusedMatMul". */
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OperatorAttribute>>;
}

export interface OnnxInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

export interface OnnxConstant {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/**
 * The bytes of a ModelProto: opset 20 and com.microsoft 1, IR version 9. Field numbers are those of
 * onnx/onnx.proto (github.com/onnx/onnx, v1.15). The types of values between nodes are left to the runtime's
 * inference.
 */
export function modelProto(graph: OnnxGraph): Uint8Array {
  const body: Message = [
    ...graph.nodes.map((node) => messageField(1, nodeProto(node))),
    textField(2, 'graph'),
    ...graph.constants.map((constant) => messageField(5, tensorProto(constant))),
    ...graph.inputs.map((input) =>
      messageField(11, [textField(1, input.name), messageField(2, typeProto(input))]),
    ),
    ...graph.outputs.map((name) => messageField(12, [textField(1, name)])),
  ];
  return joined([
    integerField(1, 9),
    messageField(7, body),
    messageField(8, [textField(1, ''), integerField(2, 20)]),
    messageField(8, [textField(1, 'com.microsoft'), integerField(2, 1)]),
  ]);
}

function nodeProto({ operator, inputs, outputs, attributes }: OnnxNode): Message {
  const dot = operator.lastIndexOf('.');
  return [
    ...inputs.map((name) => textField(1, name)),
    ...outputs.map((name) => textField(2, name)),
    textField(4, operator.slice(dot + 1)),
    ...Object.entries(attributes).map(([name, attribute]) =>
      messageField(5, [textField(1, name), ...attributeValue(attribute)]),
    ),
    textField(7, operator.slice(0, Math.max(0, dot))),
  ];
}

/** The value's own field, and field 20, the type. */
function attributeValue(attribute: OperatorAttribute): Message {
  if ('float' in attribute) return [floatField(2, attribute.float), integerField(20, 1)];
  if ('int' in attribute) return [integerField(3, attribute.int), integerField(20, 2)];
  if ('flag' in attribute) return [integerField(3, attribute.flag ? 1 : 0), integerField(20, 2)];
  if ('dtype' in attribute) return [integerField(3, elementTypes[attribute.dtype]), integerField(20, 2)];
  if ('text' in attribute) return [textField(4, attribute.text), integerField(20, 3)];
  return [...attribute.ints.map((each) => integerField(8, each)), integerField(20, 7)];
}

/** TensorProto.DataType. */
const elementTypes = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  uint32: 12,
  bfloat16: 16,
} as const satisfies Record<DType, number>;

const typeProto = ({ dtype, shape }: OnnxInput): Message => [
  messageField(1, [
    integerField(1, elementTypes[dtype]),
    messageField(
      2,
      shape.map((size) =>
        messageField(1, [typeof size === 'number' ? integerField(1, size) : textField(2, size)]),
      ),
    ),
  ]),
];

const tensorProto = ({ name, dtype, shape, values }: OnnxConstant): Message => [
  ...shape.map((size) => integerField(1, size)),
  integerField(2, elementTypes[dtype]),
  textField(8, name),
  bytesField(9, rawData(dtype, values)),
];
