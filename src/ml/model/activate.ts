import type { Activation } from '../checkpoint/mt5-config.ts';
import type { Node } from '../tensor/node.ts';
import { geluErf, geluTanh } from '../tensor/ops/activation.ts';
import { multiply, relu, sigmoid } from '../tensor/ops/elementwise.ts';

/** The activation of a feed-forward layer, by its name in transformers' ACT2FN (4.57.1). */
export function activate(activation: Activation, x: Node): Node {
  switch (activation) {
    case 'relu':
      return relu(x);
    case 'gelu':
    case 'gelu_python':
      return geluErf(x);
    case 'gelu_new':
    case 'gelu_fast':
    case 'gelu_pytorch_tanh':
      return geluTanh(x);
    case 'silu':
    case 'swish':
      return multiply(x, sigmoid(x));
    case 'quick_gelu':
      return multiply(x, sigmoid(multiply(x, 1.702)));
  }
}
