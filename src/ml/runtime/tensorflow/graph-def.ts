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

/**
 * A node of a GraphDef. An input is a node's name, with ":1" its second output, with "^" before it an order.
 */
export interface NodeDef {
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, GraphAttribute>>;
}

export type GraphAttribute =
  | OperatorAttribute
  /** Named sizes are unknown. */
  | { readonly shape: Shape }
  | { readonly tensor: ConstantTensor };

export interface ConstantTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/**
 * The bytes of a SavedModel with one graph and no signatures: the binding of tfjs-node names what it feeds
 * and fetches. Field numbers are those of saved_model.proto, meta_graph.proto, graph.proto, node_def.proto
 * and attr_value.proto (github.com/tensorflow/tensorflow, v2.21).
 */
export function savedModel(nodes: readonly NodeDef[]): Uint8Array {
  const versions: Message = [integerField(1, producer), integerField(2, leastConsumer)];
  const graph: Message = [
    ...nodes.map((node) => messageField(1, nodeProto(node))),
    messageField(4, versions),
  ];
  const metaGraph: Message = [messageField(1, [textField(4, servingTag)]), messageField(2, graph)];
  return joined([integerField(1, 1), messageField(2, metaGraph)]);
}

/** The tag that selects the graph in the SavedModel. */
export const servingTag = 'serve';

/** The GraphDef versions that TensorFlow 2.5 to 2.21 accept. */
const producer = 1000;
const leastConsumer = 12;

const nodeProto = ({ name, operator, inputs, attributes }: NodeDef): Message => [
  textField(1, name),
  textField(2, operator),
  ...inputs.map((input) => textField(3, input)),
  ...Object.entries(attributes).map(([key, attribute]) =>
    messageField(5, [textField(1, key), messageField(2, attributeValue(attribute))]),
  ),
];

function attributeValue(attribute: GraphAttribute): Message {
  if ('text' in attribute) return [textField(2, attribute.text)];
  if ('int' in attribute) return [integerField(3, attribute.int)];
  if ('float' in attribute) return [floatField(4, attribute.float)];
  if ('flag' in attribute) return [integerField(5, attribute.flag ? 1 : 0)];
  if ('dtype' in attribute) return [integerField(6, typeNumbers[attribute.dtype])];
  if ('shape' in attribute) return [messageField(7, shapeProto(attribute.shape))];
  if ('tensor' in attribute) return [messageField(8, tensorProto(attribute.tensor))];
  return [
    messageField(
      1,
      attribute.ints.map((each) => integerField(3, each)),
    ),
  ];
}

/** types.proto. */
export const typeNumbers = {
  float32: 1,
  int32: 3,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  uint32: 22,
} as const satisfies Record<DType, number>;

const shapeProto = (shape: Shape): Message =>
  shape.map((size) => messageField(2, [integerField(1, typeof size === 'number' ? size : -1)]));

const tensorProto = ({ dtype, shape, values }: ConstantTensor): Message => [
  integerField(1, typeNumbers[dtype]),
  messageField(2, shapeProto(shape)),
  bytesField(4, rawData(dtype, values)),
];
